//! The document: what is read is written again, limits hold, changes do what they say.

mod changing;
mod corpus;
mod reading;
mod round_trip;
