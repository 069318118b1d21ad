//! Reads the machine's apt sources: which archive its distribution comes from, signed by what.
//!
//! Both forms are read, one-line (`*.list`) and deb822 (`*.sources`). No address is known here:
//! the machine's own files are the only source of one. Downloads nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One archive of the machine's distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Archive {
    /// Address, as the machine writes it.
    pub(super) uri: String,
    /// Suites that the machine uses of it.
    pub(super) suites: Vec<String>,
    /// Components, `main` among them.
    pub(super) components: Vec<String>,
    /// Keyring or key, when the entry has its own.
    pub(super) signed_by: Option<String>,
}

/// Which distribution this is, as far as the choice of a suite needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Distribution {
    /// Name for messages.
    pub(super) name: String,
    /// Code name of the machine's release, if it says so.
    pub(super) codename: Option<String>,
    /// Suites to ask after the machine's own, in order.
    pub(super) later_suites: &'static [&'static str],
}

/// Names that Debian's archive gives to its releases: the compiler came after Debian 13.
const DEBIAN_LATER: &[&str] = &["testing", "unstable", "stable"];
/// Ubuntu has one moving name, for the release in preparation; the others are fixed.
const UBUNTU_LATER: &[&str] = &["devel", "resolute"];

/// Reads `os-release` text.
pub(super) fn distribution(os_release: &str) -> Distribution {
    let fields: BTreeMap<&str, &str> = os_release
        .lines()
        .filter_map(|line| line.trim().split_once('='))
        .map(|(key, value)| (key, value.trim_matches(['"', '\''])))
        .collect();
    let family = format!(
        "{} {}",
        fields.get("ID").copied().unwrap_or_default(),
        fields.get("ID_LIKE").copied().unwrap_or_default()
    );
    let ubuntu = family.split(' ').any(|word| word == "ubuntu");
    // A derivative names the release that it is built on beside its own.
    let based_on = ["UBUNTU_CODENAME", "DEBIAN_CODENAME", "VERSION_CODENAME"];
    let codename = based_on.iter().find_map(|key| fields.get(key)).map(|name| (*name).to_owned());
    Distribution {
        name: fields.get("PRETTY_NAME").or(fields.get("ID")).copied().unwrap_or("this system").to_owned(),
        codename,
        later_suites: if ubuntu { UBUNTU_LATER } else { DEBIAN_LATER },
    }
}

/// The archives among `entries` that carry the distribution itself, the likeliest first: those
/// that also serve its updates come before a third party's which reuses the code name.
pub(super) fn archives_of(distribution: &Distribution, entries: &[Archive]) -> Vec<Archive> {
    let mut names = vec!["stable", "testing", "unstable", "sid"];
    names.extend(distribution.codename.as_deref());
    let updates: Vec<String> = names.iter().map(|name| format!("{name}-updates")).collect();
    let mut found: Vec<(bool, Archive)> = Vec::new();
    for entry in entries {
        let carries = entry.suites.iter().any(|suite| names.contains(&suite.as_str()));
        let has_main = entry.components.iter().any(|component| component == "main");
        if !carries || !has_main || found.iter().any(|(_, known)| known.uri == entry.uri) {
            continue;
        }
        let has_updates = entries
            .iter()
            .filter(|other| other.uri == entry.uri)
            .any(|other| other.suites.iter().any(|suite| updates.contains(suite)));
        found.push((has_updates, entry.clone()));
    }
    found.sort_by_key(|(has_updates, _)| !has_updates);
    found.into_iter().map(|(_, archive)| archive).collect()
}

/// Every binary archive in the files; a file that cannot be read counts as empty.
pub(super) fn read(files: &[PathBuf]) -> Vec<Archive> {
    let mut entries = Vec::new();
    for file in files {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        let deb822 = file.extension().is_some_and(|extension| extension == "sources");
        entries.extend(if deb822 { parse_deb822(&text) } else { parse_lines(&text) });
    }
    entries
}

/// The source files of a machine, in apt's order.
pub(super) fn files(list: &Path, parts: &Path) -> Vec<PathBuf> {
    let mut files = vec![list.to_path_buf()];
    let mut others: Vec<PathBuf> = std::fs::read_dir(parts)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "list" || e == "sources"))
        .collect();
    others.sort();
    files.extend(others);
    files
}

/// `deb [signed-by=… arch=…] URI SUITE COMPONENT…`
pub(super) fn parse_lines(text: &str) -> Vec<Archive> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Archive> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let rest = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '[']))?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(inside) => inside.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace().map(str::to_owned);
    let (uri, suite) = (words.next()?, words.next()?);
    let signed_by = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by=")).map(str::to_owned);
    Some(Archive { uri, suites: vec![suite], components: words.collect(), signed_by })
}

/// Stanzas of `Key: value`, continued by indented lines, separated by empty ones.
pub(super) fn parse_deb822(text: &str) -> Vec<Archive> {
    let mut archives = Vec::new();
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    let mut last_key = String::new();
    for line in text.lines().chain([""]) {
        if line.starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            archives.extend(archives_in(&std::mem::take(&mut fields)));
        } else if line.starts_with([' ', '\t']) {
            let value = fields.entry(last_key.clone()).or_default();
            value.push('\n');
            value.push_str(line);
        } else if let Some((key, value)) = line.split_once(':') {
            last_key = key.trim().to_ascii_lowercase();
            fields.insert(last_key.clone(), value.trim().to_owned());
        }
    }
    archives
}

fn archives_in(fields: &BTreeMap<String, String>) -> Vec<Archive> {
    let words = |key: &str| -> Vec<String> {
        let value = fields.get(key).map(String::as_str).unwrap_or_default();
        value.split_whitespace().map(str::to_owned).collect()
    };
    let disabled = fields.get("enabled").is_some_and(|v| matches!(v.as_str(), "no" | "false" | "0" | "off"));
    if disabled || !words("types").iter().any(|kind| kind == "deb") {
        return Vec::new();
    }
    let archive = |uri: String| Archive {
        uri,
        suites: words("suites"),
        components: words("components"),
        signed_by: fields.get("signed-by").cloned().filter(|value| !value.is_empty()),
    };
    words("uris").into_iter().map(archive).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEB822: &str = "Types: deb deb-src\n# a comment\nURIs: http://mirror.test/d\nSuites: aster aster-updates\n\
        Components: main\nSigned-By:\n -----BEGIN\n .\n abc\n\nTypes: deb\nURIs: http://mirror.test/other\n\
        Suites: aster\nComponents: main\nEnabled: no\n";

    #[test]
    fn a_deb822_stanza_gives_its_archive_and_a_disabled_one_none() {
        let archives = parse_deb822(DEB822);
        assert_eq!(archives.len(), 1);
        assert_eq!(archives[0].uri, "http://mirror.test/d");
        assert_eq!(archives[0].suites, ["aster", "aster-updates"]);
        assert_eq!(archives[0].signed_by.as_deref(), Some("\n -----BEGIN\n .\n abc"));
    }

    #[test]
    fn a_one_line_entry_gives_its_options() {
        let archives = parse_lines(
            "# deb http://no.test x main\ndeb-src http://no.test x main\n\
             deb [ arch=amd64 signed-by=/k.gpg ] http://mirror.test/d aster main contrib # why\n",
        );
        assert_eq!(
            archives,
            [Archive {
                uri: "http://mirror.test/d".into(),
                suites: vec!["aster".into()],
                components: vec!["main".into(), "contrib".into()],
                signed_by: Some("/k.gpg".into()),
            }]
        );
    }

    #[test]
    fn a_third_party_that_reuses_the_code_name_comes_after_the_distribution() {
        let entries = parse_lines(
            "deb http://third.test aster main\ndeb http://mirror.test/d aster main\n\
             deb http://mirror.test/d aster-updates main\ndeb http://security.test aster-security main\n\
             deb http://docker.test aster stable\n",
        );
        let debian = distribution("ID=debian\nVERSION_CODENAME=aster\n");
        let uris: Vec<_> = archives_of(&debian, &entries).into_iter().map(|a| a.uri).collect();
        assert_eq!(uris, ["http://mirror.test/d", "http://third.test"]);
    }

    #[test]
    fn a_derivative_is_of_the_release_it_is_built_on() {
        let mint =
            distribution("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_CODENAME=zara\nUBUNTU_CODENAME=noble\n");
        assert_eq!(mint.codename.as_deref(), Some("noble"));
        assert_eq!(mint.later_suites, UBUNTU_LATER);
    }
}
