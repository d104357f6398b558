//! Image references: `registry/repository:tag@digest`.
//! Source: the grammar of the `distribution/reference` package.

/// An image reference, split once. All parts are as written, but for an implied registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageRef<'a> {
    /// Host, with its port; `docker.io` where none is written.
    pub registry: &'a str,
    /// Path below the registry, as written (`nginx`, `library/nginx`, `team/app`).
    pub repository: &'a str,
    /// The tag, if written.
    pub tag: Option<&'a str>,
    /// The digest, if written: `sha256:...`.
    pub digest: Option<&'a str>,
}

impl<'a> ImageRef<'a> {
    /// Splits a reference. `None` for the empty text and for one without a repository.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let (rest, tag) = match rest.rsplit_once(':') {
            Some((before, tag)) if !tag.contains('/') => (before, Some(tag)),
            _ => (rest, None),
        };
        let (registry, repository) = match rest.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
            _ => ("docker.io", rest),
        };
        (!repository.is_empty()).then_some(Self {
            registry,
            repository,
            tag,
            digest,
        })
    }

    /// The part of that name: `registry`, `repository`, `name` (the repository's last segment), `tag`, `digest`.
    pub fn part(&self, name: &str) -> Option<&'a str> {
        match name {
            "registry" => Some(self.registry),
            "repository" => Some(self.repository),
            "name" => self.repository.rsplit('/').next(),
            "tag" => self.tag,
            "digest" => self.digest,
            _ => None,
        }
    }

    /// The names that [`ImageRef::part`] knows.
    pub const PARTS: [&'static str; 5] = ["registry", "repository", "name", "tag", "digest"];
}

#[cfg(test)]
mod tests {
    use super::ImageRef;

    #[test]
    fn a_port_is_not_a_tag() {
        let image = ImageRef::parse("localhost:5000/team/app").unwrap();
        assert_eq!(
            (image.registry, image.repository, image.tag),
            ("localhost:5000", "team/app", None)
        );
        let image = ImageRef::parse("nginx:1.27@sha256:abc").unwrap();
        assert_eq!(
            (image.registry, image.repository, image.tag, image.digest),
            ("docker.io", "nginx", Some("1.27"), Some("sha256:abc"))
        );
        assert_eq!(ImageRef::parse(""), None);
    }
}
