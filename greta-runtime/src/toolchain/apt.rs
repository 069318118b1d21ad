//! The machine's own package manager, run on a private state folder: it downloads and verifies,
//! and neither reads nor changes what is installed. Needs no root. Proxies, credentials and
//! keyrings are the machine's, because its own apt does the work.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sha2::{Digest, Sha256};

use super::error::ToolchainError;
use super::sources::Archive;
use super::sysroot::Package;

/// Hooks are for the system's own installation, and some of them clean its caches.
const CLEAR_HOOKS: &str = "#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n\
    #clear APT::Update::Post-Invoke-Success;\n#clear DPkg::Pre-Install-Pkgs;\n\
    #clear DPkg::Pre-Invoke;\n#clear DPkg::Post-Invoke;\n#clear APT::Install::Pre-Invoke;\n\
    #clear APT::Install::Post-Invoke-Success;\n";

/// apt with a state folder of its own, asking one suite of one archive.
pub(super) struct Apt {
    options: Vec<String>,
    lists: PathBuf,
    archives: PathBuf,
    nothing: PathBuf,
    /// The installation's lock, which every apt process holds too: one that outlives a killed
    /// installation keeps the next from working in the same folder.
    lock: File,
}

/// A package file that a suite offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PackageFile {
    pub(super) package: Package,
    pub(super) path: PathBuf,
    pub(super) size: u64,
    sha256: Option<String>,
}

impl Apt {
    /// Prepares `folder`. Downloaded packages lie in a folder that all suites share.
    pub(super) fn prepare(folder: &Path, archive: &Archive, suite: &str, lock: &File) -> Result<Self, ToolchainError> {
        let lock = lock.try_clone().map_err(ToolchainError::file(folder))?;
        let state = folder.join(format!("suite-{suite}"));
        let (lists, archives, nothing) = (state.join("lists"), folder.join("archives"), state.join("nothing"));
        for folder in [&lists, &archives, &nothing] {
            let partial = folder.join("partial");
            std::fs::create_dir_all(&partial).map_err(ToolchainError::file(partial))?;
        }
        let write = |name: &str, text: &str| {
            let file = state.join(name);
            std::fs::write(&file, text).map_err(ToolchainError::file(&file)).map(|()| file)
        };
        let status = write("status", "")?;
        let clear = write("clear.conf", CLEAR_HOOKS)?;
        let signed_by = archive.signed_by.as_ref().map_or(String::new(), |key| format!("Signed-By: {key}\n"));
        let source = format!(
            "Types: deb\nURIs: {}\nSuites: {suite}\nComponents: main\nArchitectures: amd64\n{signed_by}",
            archive.uri
        );
        let source = write("greta.sources", &source)?;
        let mut options = vec!["-c".to_owned(), clear.display().to_string()];
        let settings: [(&str, &dyn std::fmt::Display); 20] = [
            ("Dir::State", &state.display()),
            ("Dir::State::Lists", &lists.display()),
            ("Dir::State::status", &status.display()),
            ("Dir::Cache", &state.display()),
            ("Dir::Cache::Archives", &archives.display()),
            ("Dir::Log", &state.display()),
            ("Dir::Etc::SourceList", &source.display()),
            ("Dir::Etc::SourceParts", &"/dev/null"),
            ("Dir::Etc::Preferences", &"/dev/null"),
            ("Dir::Etc::PreferencesParts", &"/dev/null"),
            ("APT::Architecture", &"amd64"),
            ("APT::Architectures", &"amd64"),
            ("APT::Sandbox::User", &""),
            ("APT::Keep-Downloaded-Packages", &"true"),
            ("APT::Install-Recommends", &"false"),
            ("Acquire::Languages", &"none"),
            ("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", &"false"),
            ("Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled", &"false"),
            ("Acquire::ForceHash", &"SHA256"),
            ("Acquire::http::Timeout", &"30"),
        ];
        for (name, value) in settings {
            options.extend(["-o".to_owned(), format!("{name}={value}")]);
        }
        Ok(Self { options, lists, archives, nothing, lock })
    }

    /// Downloads the suite's package list. None: it could be had, and `Some` is why not.
    pub(super) fn update(&self) -> Result<Option<String>, ToolchainError> {
        let output = run(self.command()?.args(["-o", "Acquire::Retries=2", "update"]))?;
        let listed = std::fs::read_dir(&self.lists)
            .into_iter()
            .flatten()
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().contains("_Packages"));
        Ok((!listed).then(|| tail(&output)))
    }

    /// The files of `packages` and of all that they depend on; `None` where the suite lacks one.
    pub(super) fn opt_closure(&self, packages: &[&str]) -> Result<Option<Vec<PackageFile>>, ToolchainError> {
        // apt leaves out what it finds downloaded, so it is shown a folder with nothing in it.
        let mut command = self.command()?;
        command.args(["install", "-qq", "--yes", "--print-uris", "-o"]);
        command.arg(format!("Dir::Cache::Archives={}", self.nothing.display())).args(packages);
        let output = run(&mut command)?;
        if !output.status.success() {
            return Ok(None);
        }
        let listing = String::from_utf8_lossy(&output.stdout).into_owned();
        let files: Vec<_> = listing.lines().filter_map(|line| self.parse_uri_line(line)).collect();
        Ok((!files.is_empty()).then_some(files))
    }

    /// Downloads what is missing of `packages` and their closure, and reports how far it is.
    pub(super) fn download(&self, packages: &[&str], report: &mut dyn FnMut(f64, &str)) -> Result<(), ToolchainError> {
        let mut child = self
            .command()?
            .args(["install", "-q", "--yes", "--download-only", "-o", "APT::Status-Fd=1", "-o", "Acquire::Retries=5"])
            .args(packages)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|_| ToolchainError::NoProgram { program: "apt-get" })?;
        let errors = child.stderr.take().map(|mut pipe| {
            std::thread::spawn(move || {
                let mut text = String::new();
                let _ = pipe.read_to_string(&mut text);
                text
            })
        });
        let mut said = String::new();
        for line in child.stdout.take().into_iter().flat_map(|pipe| BufReader::new(pipe).lines()) {
            let Ok(line) = line else { break };
            match parse_status_line(&line) {
                Some((percent, what)) => report(percent, what),
                None if line.starts_with("Err:") => said.push_str(&format!("{line}\n")),
                None => {}
            }
        }
        let status = child.wait();
        said.push_str(&errors.and_then(|thread| thread.join().ok()).unwrap_or_default());
        match status {
            Ok(status) if status.success() => Ok(()),
            _ => Err(ToolchainError::Download { output: last_lines(&said) }),
        }
    }

    fn command(&self) -> Result<Command, ToolchainError> {
        let mut command = Command::new("apt-get");
        command.args(&self.options).env("LC_ALL", "C").env("DEBIAN_FRONTEND", "noninteractive");
        // The lock file is empty, so as an input it serves as well as none.
        command.stdin(self.lock.try_clone().map_err(ToolchainError::file(&self.archives))?);
        Ok(command)
    }

    /// `'URI' name_version_arch.deb SIZE SHA256:…`; apt leaves the hash out when it has no such one.
    fn parse_uri_line(&self, line: &str) -> Option<PackageFile> {
        let (_, rest) = line.strip_prefix('\'')?.split_once("' ")?;
        let mut words = rest.split_whitespace();
        let (file_name, size) = (words.next()?, words.next()?.parse().ok()?);
        let sha256 = words.find_map(|word| word.strip_prefix("SHA256:")).map(str::to_owned);
        let mut parts = file_name.strip_suffix(".deb")?.split('_');
        let (name, version) = (parts.next()?.to_owned(), parts.next()?.replace("%3a", ":"));
        let package = Package { name, version };
        Some(PackageFile { package, path: self.archives.join(file_name), size, sha256 })
    }
}

impl PackageFile {
    /// Whether the file is there and is the one that the signed package list names.
    pub(super) fn is_complete(&self) -> bool {
        let Ok(mut file) = File::open(&self.path) else { return false };
        if file.metadata().map_or(true, |metadata| metadata.len() != self.size) {
            return false;
        }
        let Some(expected) = &self.sha256 else { return true };
        let mut hasher = Sha256::new();
        if std::io::copy(&mut file, &mut HashWriter(&mut hasher)).is_err() {
            return false;
        }
        let hash: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        hash.eq_ignore_ascii_case(expected)
    }

    /// Unpacks the file's contents below `root`.
    pub(super) fn unpack(&self, root: &Path) -> Result<(), ToolchainError> {
        let output = Command::new("dpkg")
            .arg("-x")
            .args([&self.path, root])
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .map_err(|_| ToolchainError::NoProgram { program: "dpkg" })?;
        if output.status.success() {
            return Ok(());
        }
        Err(ToolchainError::Unpack {
            package: self.package.name.clone(),
            directory: root.to_path_buf(),
            output: tail(&output),
        })
    }
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The machine's apt source files.
pub(super) fn source_files() -> Result<Vec<PathBuf>, ToolchainError> {
    let items = ["list", "Dir::Etc::SourceList/f", "parts", "Dir::Etc::SourceParts/d"];
    let output = Command::new("apt-config")
        .arg("shell")
        .args(items)
        .stdin(Stdio::null())
        .output()
        .map_err(|_| ToolchainError::NoProgram { program: "apt-get" })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let value = |key: &str, default: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        PathBuf::from(line.map_or(default, |value| value.trim_matches('\'')))
    };
    let list = value("list", "/etc/apt/sources.list");
    let parts = value("parts", "/etc/apt/sources.list.d");
    Ok(super::sources::files(&list, &parts))
}

/// `dlstatus:1:20.5:Retrieving file 1 of 4`
fn parse_status_line(line: &str) -> Option<(f64, &str)> {
    let mut parts = line.strip_prefix("dlstatus:")?.splitn(3, ':');
    let (_, percent, what) = (parts.next()?, parts.next()?, parts.next()?);
    Some((percent.parse::<f64>().ok()?.clamp(0.0, 100.0), what))
}

fn run(command: &mut Command) -> Result<Output, ToolchainError> {
    command.output().map_err(|_| ToolchainError::NoProgram { program: "apt-get" })
}

fn tail(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let problems: Vec<&str> = text.lines().filter(|line| line.starts_with("E:") || line.starts_with("W:")).collect();
    last_lines(&if problems.is_empty() { text } else { problems.join("\n") })
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(5)..].join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_gives_percent_and_text() {
        let line = "dlstatus:3:20.5:Retrieving file 3 of 26 (1min: rest)";
        assert_eq!(parse_status_line(line), Some((20.5, "Retrieving file 3 of 26 (1min: rest)")));
        assert_eq!(parse_status_line("Get:1 x"), None);
    }

    #[test]
    fn a_package_file_is_complete_only_with_its_size_and_hash() {
        let folder = tempfile::tempdir().unwrap();
        let archives = folder.path().to_path_buf();
        let lock = tempfile::tempfile().unwrap();
        let apt = Apt { options: Vec::new(), lists: archives.clone(), nothing: archives.clone(), archives, lock };
        let hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let line = format!("'http://mirror.test/a%3a.deb' a_1%3a2-3_amd64.deb 5 SHA256:{hash}");
        let file = apt.parse_uri_line(&line).unwrap();
        assert_eq!(file.package, Package { name: "a".into(), version: "1:2-3".into() });
        for (contents, complete) in [("hello", true), ("hellO", false), ("hell", false)] {
            std::fs::write(&file.path, contents).unwrap();
            assert_eq!(file.is_complete(), complete, "{contents}");
        }
    }
}
