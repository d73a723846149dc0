//! How a collection goes on, on standard error: one bar for all, and a line an account.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::live::count;
use iamdrift::collect::{Observer, Outcome};
use iamdrift::iam::AccountId;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a line that waits shows that it is alive.
const TICK: Duration = Duration::from_millis(120);

const BEFORE: &str = "{spinner} finding the accounts  {elapsed}";
const BAR: &str = "{bar:30} {pos}/{len} accounts  {elapsed}";
const ACCOUNT: &str = "{spinner} {prefix}  {msg}";

/// Shows a collection on a terminal.
pub struct Progress {
    lines: MultiProgress,
    all: ProgressBar,
    accounts: Mutex<HashMap<AccountId, ProgressBar>>,
}

impl Progress {
    /// A progress to show; none where standard error is no terminal.
    pub fn on_terminal() -> Option<Progress> {
        if !std::io::stderr().is_terminal() {
            return None;
        }
        let lines = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        // Which accounts there are is known once AWS has told who is asking, and of the organization.
        let all = lines.add(ProgressBar::new(0).with_style(style(BEFORE)));
        all.enable_steady_tick(Duration::from_secs(1));
        Some(Progress { lines, all, accounts: Mutex::new(HashMap::new()) })
    }

    fn line(&self, id: &AccountId) -> Option<ProgressBar> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}

/// A style that its template was checked for by the test below.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Observer for Progress {
    fn begins(&self, accounts: usize, finished: usize) {
        self.all.set_style(style(BAR));
        self.all.set_length(accounts as u64);
        self.all.set_position(finished as u64);
    }

    fn account_begins(&self, id: &AccountId, name: Option<&str>) {
        let line = ProgressBar::new_spinner().with_style(style(ACCOUNT));
        let line = self.lines.insert_before(&self.all, line);
        line.set_prefix(titled(id, name));
        line.enable_steady_tick(TICK);
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), line);
    }

    fn account_grows(&self, id: &AccountId, principals: usize) {
        if let Some(line) = self.line(id) {
            line.set_message(count(principals, "principal"));
        }
    }

    fn account_ends(&self, id: &AccountId, name: Option<&str>, outcome: &Outcome) {
        let line = self.accounts.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        if let Some(line) = line {
            line.finish_and_clear();
        }
        // What did not work is told once more when all is done, whether this can be shown or not.
        let _ = self.lines.println(format!("{} {}  {}", mark(outcome), titled(id, name), told(outcome)));
        self.all.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.all.finish_and_clear();
    }
}

/// The account with its name, whose control characters would reach the terminal.
fn titled(id: &AccountId, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{id} {}", super::super::failure::one_line(name)),
        None => id.to_string(),
    }
}

fn mark(outcome: &Outcome) -> char {
    match outcome {
        Outcome::Read { .. } => '✓',
        Outcome::Partly { .. } | Outcome::Unread { .. } => '✗',
    }
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Read { principals } => count(*principals, "principal"),
        Outcome::Partly { principals, unread } => {
            format!("{}, {} unread", count(*principals, "principal"), count(unread.len(), "part"))
        }
        Outcome::Unread { .. } => "unread".to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_account_s_name_cannot_steer_the_terminal() {
        let id = AccountId::parse("111122223333").unwrap();
        assert_eq!(titled(&id, Some("a\u{1b}[2Jb\n")), "111122223333 a\\u{1b}[2Jb\\n");
    }

    #[test]
    fn templates_are_well_formed() {
        for template in [BEFORE, BAR, ACCOUNT] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
