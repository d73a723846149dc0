//! Counts of what was compared.

/// What was compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub accounts: usize,
    pub principals: usize,
    pub undecided: usize,
    /// Principals without excess.
    pub as_declared: usize,
    pub requests: usize,
    pub allowed: usize,
    /// Sampled requests that exceed a ceiling, a persona or a guard, and that the tool reports.
    pub confirmed: usize,
    pub witnesses: usize,
}

impl Tally {
    pub fn add(mut self, other: Tally) -> Tally {
        self.accounts += other.accounts;
        self.principals += other.principals;
        self.undecided += other.undecided;
        self.as_declared += other.as_declared;
        self.requests += other.requests;
        self.allowed += other.allowed;
        self.confirmed += other.confirmed;
        self.witnesses += other.witnesses;
        self
    }
}
