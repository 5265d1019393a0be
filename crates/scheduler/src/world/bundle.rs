//! Bundles as others see them: instances are containers, and what runs is inside them.

use super::resource::Replica;
use super::{Kind, RscIx, World};

impl World<'_> {
    /// What a clone or bundle has several of: instances, or containers.
    pub(crate) fn instances(&self, rsc: RscIx) -> Vec<RscIx> {
        match &self[rsc].kind {
            Kind::Bundle(bundle) => bundle.replicas.iter().map(|one| one.container).collect(),
            _ => self[rsc].children.clone(),
        }
    }

    /// The replica whose container a resource is.
    pub(crate) fn replica_of_container(&self, container: RscIx) -> Option<&Replica> {
        let Kind::Bundle(bundle) = &self[self[container].parent?].kind else { return None };
        bundle.replicas.iter().find(|replica| replica.container == container)
    }

    /// What runs inside a replica's container.
    pub(crate) fn inside_container(&self, container: RscIx) -> Option<RscIx> {
        self.replica_of_container(container)?.child
    }

    /// The resource whose role counts for a colocation: a container's role is that of what is in
    /// it.
    pub(crate) fn role_bearer(&self, rsc: RscIx) -> RscIx {
        self.inside_container(rsc).unwrap_or(rsc)
    }

    /// Whether a resource is a bundle's clone or one of its instances.
    pub(crate) fn inside_bundle(&self, rsc: RscIx) -> bool {
        let top = crate::unpack::operations::top(self, rsc);
        self[top].is_clone() && self[top].parent.is_some()
    }

    /// The address at which others reach what runs inside a container.
    pub(crate) fn address_outside(&self, inside: RscIx) -> Option<&str> {
        let bundle = self.bundle_around(inside)?;
        let Kind::Bundle(bundle) = &self[bundle].kind else { return None };
        let replica = bundle.replicas.iter().find(|replica| replica.child == Some(inside))?;
        let parameters = crate::unpack::values::parameters(self, replica.ip?, None);
        parameters.into_iter().find(|(name, _)| *name == "ip").map(|(_, address)| address)
    }

    /// The bundle a resource is part of.
    pub(crate) fn bundle_around(&self, rsc: RscIx) -> Option<RscIx> {
        std::iter::successors(Some(rsc), |rsc| self[*rsc].parent).find(|rsc| self[*rsc].is_bundle())
    }
}
