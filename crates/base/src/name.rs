//! Names and numbers that must not be mistaken for one another.

use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }
        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }
    };
}

text_id! {
    /// A node's name as `uname -n` prints it, or a ping node's. Heartbeat compares names without
    /// regard to case (fact sheet §5.2, measured): whoever reads a name folds it to lower case
    /// with [`NodeName::folded`] before it is compared.
    NodeName
}
text_id! {
    /// What a link is called in logs and by `cl_status`: the interface, the serial device or the
    /// pinged host.
    LinkName
}
text_id! {
    /// A resource group's key: the first resource of its line in `haresources`, as written there.
    GroupKey
}

impl NodeName {
    /// The name in lower case, which is how names are compared.
    #[must_use]
    pub fn folded(&self) -> Self {
        if self.0.bytes().any(|b| b.is_ascii_uppercase()) {
            Self(self.0.to_ascii_lowercase().into())
        } else {
            self.clone()
        }
    }
}

/// A link of this node, by its place in the configuration's list of media.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct LinkId(pub u16);

/// One operation handed to the world; its result comes back under the same number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct OpId(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_to_lower_case() {
        assert_eq!(NodeName::from("SrvA").folded(), NodeName::from("srva"));
    }
}
