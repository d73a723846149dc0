//! Access against baseline: findings.
