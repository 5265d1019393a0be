//! What a name in a constraint means: a resource, or all resources of a template or a tag.

use std::collections::BTreeMap;

use crate::unpack::expand::section;
use crate::world::{RscIx, World};

/// Names that constraints may use.
pub(crate) struct Names<'d> {
    by_history: BTreeMap<&'d str, RscIx>,
    /// Templates and tags with their members.
    many: BTreeMap<&'d str, Vec<&'d str>>,
}

/// What a name means.
pub(crate) enum Meaning {
    One(RscIx),
    Many(Vec<RscIx>),
}

impl<'d> Names<'d> {
    pub(crate) fn of(w: &World<'d>) -> Names<'d> {
        let mut by_history = BTreeMap::new();
        for (at, rsc) in w.resources.iter().enumerate() {
            if let Some(name) = rsc.history_id {
                by_history.entry(name).or_insert(RscIx(at as u32));
            }
        }
        let mut many: BTreeMap<&'d str, Vec<&'d str>> = BTreeMap::new();
        let resources = section(w.doc, "resources").map(|id| w.doc.node(id));
        for xml in resources.iter().flat_map(|all| all.descendants()) {
            if let (true, Some(template)) = (xml.is("primitive"), xml.get("template")) {
                many.entry(template).or_default().extend(xml.get("id"));
            }
        }
        let tags = section(w.doc, "tags").map(|id| w.doc.node(id));
        for tag in tags.iter().flat_map(|all| all.children_named("tag")) {
            let members = tag.children_named("obj_ref").filter_map(|object| object.get("id"));
            if let Some(id) = tag.get("id") {
                many.entry(id).or_default().extend(members);
            }
        }
        Names { by_history, many }
    }

    /// The resource of a name; an instance stands for its clone.
    pub(crate) fn resource(&self, w: &World<'_>, name: &str) -> Option<RscIx> {
        let rsc = w.names.get(name).or_else(|| self.by_history.get(name)).copied()?;
        let collective = std::iter::successors(w[rsc].parent, |up| w[*up].parent)
            .filter(|up| w[*up].has_instances())
            .last();
        Some(collective.unwrap_or(rsc))
    }

    /// What a name means; templates and tags mean all their resources.
    pub(crate) fn meaning(&self, w: &World<'_>, name: &str) -> Option<Meaning> {
        if let Some(rsc) = self.resource(w, name) {
            return Some(Meaning::One(rsc));
        }
        let members = self.many.get(name)?;
        Some(Meaning::Many(members.iter().filter_map(|id| self.resource(w, id)).collect()))
    }

    /// The resources a name means, however many.
    pub(crate) fn resources(&self, w: &World<'_>, name: &str) -> Option<Vec<RscIx>> {
        Some(match self.meaning(w, name)? {
            Meaning::One(rsc) => vec![rsc],
            Meaning::Many(all) => all,
        })
    }
}
