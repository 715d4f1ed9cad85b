//! The files that `pinfold client` prints for repositories of rpm, installed as they are and followed by a real dnf and a real zypper.

mod forms;
mod media;
mod moves;
mod reposync;
mod served;
mod trust;

use crate::harness::{Distribution, Dnf, Site, Upstream, Zypper, following_rpm};

/// A site whose production shows the first state of an upstream.
#[derive(Debug)]
struct Followed {
    distribution: Distribution,
    upstream: Upstream,
    site: Site,
}

impl Followed {
    fn new(distribution: Distribution) -> Self {
        let upstream = Upstream::of(&distribution.repo.tree, "");
        let site = following_rpm(&upstream.url(), "package-signatures = \"require\"\n");
        let followed = Self { distribution, upstream, site };
        followed.promote();
        followed
    }

    /// Takes upstream's state and shows it in production.
    fn promote(&self) {
        self.site.ok(&["sync", "lab"]);
        self.site.ok(&["promote", "lab", "--to", "production", "--allow-shrink"]);
        self.upstream.asked();
    }

    fn dnf(&self, args: &[&str]) -> Dnf {
        Dnf::given(&self.site.ok(&[&["client", "lab", "--json"], args].concat()))
    }

    fn zypper(&self, args: &[&str]) -> Zypper {
        let all = [&["client", "lab", "--json", "--tool", "zypper"], args].concat();
        Zypper::given(&self.site.ok(&all))
    }
}
