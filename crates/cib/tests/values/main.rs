//! The small values: what Pacemaker 2.1.5's tools answered, and what we answer.

mod dates;
mod digests;
mod durations;
mod small;
