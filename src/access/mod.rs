//! A principal's layers, and `evaluate`: the concrete decision with its trace.
