//! Formulae as a test makes them, and all the names that their bottles have.

use serde_json::{Value, json};

use super::sha256;

/// A formula as a test wants it.
#[derive(Debug, Clone)]
pub(crate) struct Formula {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) revision: u64,
    pub(crate) rebuild: u64,
    /// What is written into the bottles, so that they can be built anew.
    pub(crate) build: &'static str,
    /// The tags that it has a bottle for; `all` for one that is for every system.
    pub(crate) tags: &'static [&'static str],
    /// As the lists write it.
    pub(crate) needs: Value,
    pub(crate) system: Value,
}

impl Formula {
    /// One with bottles for both tags of the tests, and no need.
    pub(crate) fn new(name: &'static str, version: &'static str) -> Self {
        Self {
            name,
            version,
            revision: 0,
            rebuild: 0,
            build: "",
            tags: &["arm64_sequoia", "x86_64_linux"],
            needs: json!([]),
            system: json!([]),
        }
    }

    /// The version with its revision.
    fn whole(&self) -> String {
        if self.revision == 0 {
            self.version.to_owned()
        } else {
            format!("{}_{}", self.version, self.revision)
        }
    }

    /// The name of its image.
    pub(crate) fn image(&self) -> String {
        self.name.replace('@', "/").replace('+', "x")
    }

    /// The path of its index below the registry.
    pub(crate) fn manifest(&self) -> String {
        let rebuild = if self.rebuild == 0 { String::new() } else { format!("-{}", self.rebuild) };
        format!("{}/manifests/{}{rebuild}", self.image(), self.whole())
    }

    /// The bytes of a bottle.
    pub(crate) fn bottle(&self, tag: &str) -> Vec<u8> {
        format!("bottle {} {} {} {tag} {}", self.name, self.whole(), self.rebuild, self.build)
            .into_bytes()
    }

    /// The path of a bottle below the registry.
    pub(crate) fn blob(&self, tag: &str) -> String {
        format!("{}/blobs/sha256:{}", self.image(), sha256(&self.bottle(tag)))
    }

    /// The name of a bottle in a folder of bottles.
    pub(crate) fn flat(&self, tag: &str) -> String {
        let rebuild = if self.rebuild == 0 { String::new() } else { format!(".{}", self.rebuild) };
        format!("{}-{}.{tag}.bottle{rebuild}.tar.gz", self.name, self.whole())
    }

    /// The tag of the bottle that systems of a tag take.
    fn tag(&self, tag: &str) -> Option<&'static str> {
        self.tags.iter().copied().find(|one| *one == tag || *one == "all")
    }

    /// What the list of a tag says of it.
    pub(super) fn listed(&self, tag: &str) -> Value {
        let mut value = json!({
            "desc": "made for a test", "stable_version": self.version, "license": "MIT",
            "stable_dependencies": self.needs, "stable_uses_from_macos": self.system,
        });
        if self.revision > 0 {
            value["revision"] = json!(self.revision);
        }
        if let Some(own) = self.tag(tag) {
            value["bottle_checksum"] = json!(sha256(&self.bottle(own)));
            value["bottle_rebuild"] = json!(self.rebuild);
            if own != tag {
                value["bottle_tag"] = json!(format!(":{own}"));
            }
        }
        value
    }

    /// The index of its image.
    pub(crate) fn index(&self) -> Value {
        let manifests: Vec<Value> = self.tags.iter().map(|tag| {
            let rebuild = if self.rebuild == 0 { String::new() } else { format!(".{}", self.rebuild) };
            let bottle = self.bottle(tag);
            json!({
                "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": format!("sha256:{}", sha256(b"manifest")), "size": 8,
                "annotations": {
                    "org.opencontainers.image.ref.name": format!("{}.{tag}{rebuild}", self.whole()),
                    "sh.brew.bottle.digest": sha256(&bottle), "sh.brew.bottle.size": bottle.len().to_string(), "sh.brew.tab": "{}",
                },
            })
        }).collect();
        json!({ "schemaVersion": 2, "manifests": manifests })
    }
}
