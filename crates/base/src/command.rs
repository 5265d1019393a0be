//! A program of the administrator's that is run.

/// A program with its arguments, and as whom it runs. Never through a shell.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Command {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// User; `None`: the role's default.
    pub user: Option<String>,
    /// Group; `None`: the user's own.
    pub group: Option<String>,
}
