//! How far the scheduler agrees with Pacemaker's: the corpus of its own cases, and random CIBs
//! against the real program.

#![forbid(unsafe_code)]

pub mod board;
pub mod command;
pub mod corpus;
pub mod differential;
pub mod generate;
pub mod oracle;
pub mod packages;
pub mod run;
pub mod shrink;
pub mod subject;
pub mod verdict;
pub mod versions;
