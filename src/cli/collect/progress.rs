//! Shows the progress of a collection on standard error: one bar in total, and one line per account.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use iamdrift::audit::format_count;
use iamdrift::collect::{AccountOutcome, CollectObserver};
use iamdrift::iam::AccountId;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The refresh interval of a waiting line.
const TICK: Duration = Duration::from_millis(120);

const SPINNER_TEMPLATE: &str = "{spinner} listing accounts  {elapsed}";
const BAR_TEMPLATE: &str = "{bar:30} {pos}/{len} accounts  {elapsed}";
const ACCOUNT_TEMPLATE: &str = "{spinner} {prefix}  {msg}";

/// Shows a collection on a terminal.
pub struct CollectProgress {
    bars: MultiProgress,
    total: ProgressBar,
    account_bars: Mutex<HashMap<AccountId, ProgressBar>>,
}

impl CollectProgress {
    /// A progress display. `None` if standard error is not a terminal.
    pub fn new_for_terminal() -> Option<CollectProgress> {
        if !std::io::stderr().is_terminal() {
            return None;
        }
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        // The number of accounts is known after the calls for the caller and the organization.
        let total = bars.add(ProgressBar::new(0).with_style(build_style(SPINNER_TEMPLATE)));
        total.enable_steady_tick(Duration::from_secs(1));
        Some(CollectProgress { bars, total, account_bars: Mutex::new(HashMap::new()) })
    }

    fn account_bar(&self, id: &AccountId) -> Option<ProgressBar> {
        self.account_bars.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}

/// A style. A test checks all templates, so the fallback is never used.
fn build_style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl CollectObserver for CollectProgress {
    fn on_collection_started(&self, accounts: usize, finished: usize) {
        self.total.set_style(build_style(BAR_TEMPLATE));
        self.total.set_length(accounts as u64);
        self.total.set_position(finished as u64);
    }

    fn on_account_started(&self, id: &AccountId, name: Option<&str>) {
        let account_bar = ProgressBar::new_spinner().with_style(build_style(ACCOUNT_TEMPLATE));
        let line = self.bars.insert_before(&self.total, account_bar);
        line.set_prefix(format_account(id, name));
        line.enable_steady_tick(TICK);
        self.account_bars.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), line);
    }

    fn on_account_progress(&self, id: &AccountId, principals: usize) {
        if let Some(bar) = self.account_bar(id) {
            bar.set_message(format_count(principals, "principal"));
        }
    }

    fn on_account_finished(&self, id: &AccountId, name: Option<&str>, outcome: &AccountOutcome) {
        let bar = self.account_bars.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        if let Some(line) = bar {
            line.finish_and_clear();
        }
        // A failed write is ignored: unread parts are reported again at the end.
        let _ = self.bars.println(format!(
            "{} {}  {}",
            outcome_mark(outcome),
            format_account(id, name),
            describe_outcome(outcome)
        ));
        self.total.inc(1);
    }
}

impl Drop for CollectProgress {
    fn drop(&mut self) {
        self.total.finish_and_clear();
    }
}

/// The account with its name. Control characters are escaped.
fn format_account(id: &AccountId, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{id} {}", iamdrift::base::sanitize::sanitize(name)),
        None => id.to_string(),
    }
}

fn outcome_mark(outcome: &AccountOutcome) -> char {
    match outcome {
        AccountOutcome::Read { .. } => '✓',
        AccountOutcome::Partial { .. } | AccountOutcome::Unread { .. } => '✗',
    }
}

fn describe_outcome(outcome: &AccountOutcome) -> String {
    match outcome {
        AccountOutcome::Read { principals } => format_count(*principals, "principal"),
        AccountOutcome::Partial { principals, unread } => {
            format!("{}, {} unread", format_count(*principals, "principal"), format_count(unread.len(), "part"))
        }
        AccountOutcome::Unread { .. } => "unread".to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn account_names_are_escaped() {
        let id = AccountId::parse("111122223333").unwrap();
        assert_eq!(format_account(&id, Some("a\u{1b}[2Jb\n")), "111122223333 a\\u{1b}[2Jb\\u{a}");
    }

    #[test]
    fn templates_are_well_formed() {
        for template in [SPINNER_TEMPLATE, BAR_TEMPLATE, ACCOUNT_TEMPLATE] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
