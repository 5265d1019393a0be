//! The version of an information base.

use crate::xml::{Document, Node};
use std::fmt;

/// Which of two states of the information base is newer. The parts count in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Version {
    /// Raised by the administrator only.
    pub admin_epoch: u64,
    /// Raised with every change of the configuration.
    pub epoch: u64,
    /// Raised with every change of the status; begins anew with each epoch.
    pub num_updates: u64,
}

/// The attributes that hold a version.
pub(crate) const ATTRIBUTES: [&str; 3] = ["admin_epoch", "epoch", "num_updates"];

impl Version {
    /// Reads the version from the attributes of an element; what is missing or no number is 0.
    pub fn of(element: Node<'_>) -> Self {
        let [admin_epoch, epoch, num_updates] = ATTRIBUTES
            .map(|name| element.get(name).and_then(|text| text.parse().ok()).unwrap_or(0));
        Self { admin_epoch, epoch, num_updates }
    }

    /// Writes the version to the root of a document.
    pub fn set(self, document: &mut Document) {
        let root = document.root().id();
        let parts = [self.admin_epoch, self.epoch, self.num_updates];
        for (name, number) in ATTRIBUTES.into_iter().zip(parts) {
            document.set(root, name, &number.to_string());
        }
    }
}

/// `admin_epoch.epoch.num_updates`, as logs and tools print it.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.admin_epoch, self.epoch, self.num_updates)
    }
}

/// The feature set of Pacemaker that wrote a document last; zeros if it does not say.
pub fn feature_set(element: Node<'_>) -> [u64; 3] {
    let text = element.get("crm_feature_set").unwrap_or_default();
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    [(); 3].map(|()| parts.next().unwrap_or(0))
}
