//! What every message of greta keeps to: no name of a type that users never write, no second "error:", no value printed
//! as the compiler's own types are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use greta::prelude::*;

/// Names of several words that users write themselves, or that the book explains.
const PUBLIC: &[&str] = &["FragmentA", "FragmentB", "GlobalMemory", "KernelValue", "VectorElement"];

/// Parts of names that are the attributes' and the tracer's own.
const INTERNAL: &[&str] = &["__greta", "greta_codegen", "greta::rt", "Some(", "None", "Val {", "[src/"];

/// Values that messages print with `{:?}`: positions and sizes, ranges, lists of numbers.
const LISTS: &[&str] = &["limit", "block", "thread", "bytes", "candidates", "given_shape", "expected_shape"];

/// Programs under `tests/ui/` whose message names what users never write: a reserved name is named.
const KNOWN: &[&str] = &["reserved_name"];

/// What the tracer is made of, and what no line of rustc's output names.
const TRACER: &[&str] = &["Val<", "NoType", "Option<KernelValue", "spaces::", "__greta"];

/// The traits that rustc names in a note below a message, as it does of every bound that is not kept. Each has a message
/// and a label of its own, which are read first.
const TRAITS: &[&str] = &[
    "Arrivals",
    "Branches",
    "ByValue",
    "Condition",
    "ElementIndex",
    "Factors",
    "Float",
    "FloatLiteral",
    "Get",
    "IntoGrid",
    "IntoKernelValue",
    "KernelType",
    "MatrixOf",
    "Printable",
    "Set",
    "Stored",
];

/// What is wrong with a message, if anything.
fn opt_fault(message: &str) -> Option<String> {
    let words = message.split(|c: char| !c.is_alphanumeric() && c != '_');
    let camel = |word: &&str| {
        let humps = word.chars().zip(word.chars().skip(1)).filter(|(a, b)| a.is_lowercase() && b.is_uppercase());
        word.starts_with(char::is_uppercase) && humps.count() > 0 && !PUBLIC.contains(word)
    };
    let lower = message.to_lowercase();
    if let Some(word) = words.into_iter().find(camel) {
        return Some(format!("`{word}` is no name that users write"));
    }
    if let Some(part) = INTERNAL.iter().find(|part| message.contains(**part)) {
        return Some(format!("`{part}` is internal"));
    }
    if lower.starts_with("error") || lower.contains("error: error") || lower.contains("warning: warning") {
        return Some("whoever shows a message says how severe it is".to_owned());
    }
    None
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder whose names end so.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn refused_programs_speak_of_what_users_write() {
    let mut count = 0;
    for path in files(&here().join("tests/ui"), "stderr") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().filter(|line| line.starts_with("error") || line.starts_with("warning")) {
            // What rustc says before a message is its own.
            let message = line.split_once(": ").map_or(line, |(_, message)| message);
            count += 1;
            match opt_fault(message) {
                Some(fault) => assert!(KNOWN.contains(&name.as_str()), "{name}: {fault}: {line}"),
                None => assert!(!KNOWN.contains(&name.as_str()), "{name} says it well now: take it off the list"),
            }
        }
    }
    assert!(count >= 100, "{count} messages: where are the others?");
}

/// The programs under `tests/ui/` and all that rustc says of each.
fn outputs() -> Vec<(String, String)> {
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(&path).unwrap())
    };
    files(&here().join("tests/ui"), "stderr").into_iter().map(read).collect()
}

/// Whether a line of rustc's output is a message or a label: what is read first.
fn is_read_first(line: &str) -> bool {
    line.starts_with("error") || line.starts_with("warning") || line.contains("^ ") || line.contains("- ")
}

#[test]
fn no_line_names_what_the_tracer_is_made_of() {
    for (name, text) in outputs() {
        let part = TRACER.iter().find(|part| text.contains(**part) && name != "reserved_name");
        assert_eq!(part, None, "{name}:\n{text}");
    }
}

#[test]
fn messages_and_labels_name_no_traits() {
    for (name, text) in outputs() {
        // What is below the first note is rustc's own explanation of the message.
        let mut lines = text.lines().take_while(|line| !line.contains("= ")).filter(|line| is_read_first(line));
        let found = lines.find(|line| line.contains("the trait ") || line.contains("trait bound"));
        assert_eq!(found, None, "{name}:\n{text}");
    }
}

/// The traits that a note names: `Get` of "the trait `greta::Get<_>` is not implemented".
fn traits_of(text: &str) -> impl Iterator<Item = String> {
    let named = text.split("the trait `").skip(1).filter_map(|rest| rest.split('`').next());
    named.map(|path| {
        let path = path.split('<').next().unwrap();
        path.rsplit("::").next().unwrap().to_owned()
    })
}

#[test]
fn traits_that_notes_name_have_messages_of_their_own() {
    let named: BTreeSet<String> = outputs().iter().flat_map(|(_, text)| traits_of(text).collect::<Vec<_>>()).collect();
    assert_eq!(named.iter().collect::<Vec<_>>(), TRAITS);
    let crates = ["greta-codegen", "greta-runtime"];
    let sources = crates.iter().flat_map(|name| files(&here().join(name).join("src"), "rs"));
    let sources: Vec<String> = sources.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for name in TRAITS {
        let declared =
            |text: &String| ["<", ":", " "].iter().find_map(|end| text.find(&format!("pub trait {name}{end}")));
        let (text, at) = sources.iter().find_map(|text| Some((text, declared(text)?))).unwrap();
        let before = text[..at].rsplit("\n\n").next().unwrap();
        for part in ["#[diagnostic::on_unimplemented(", "message = ", "label = "] {
            assert!(before.contains(part), "{name} has no `{part}`:\n{before}");
        }
    }
}

/// Each `#[error(…)]` of a source file.
fn error_attributes(text: &str) -> Vec<&str> {
    text.match_indices("#[error(").filter_map(|(at, _)| text[at..].find(")]").map(|end| &text[at..at + end])).collect()
}

/// The string literals of an attribute.
fn literals(attribute: &str) -> Vec<String> {
    let joined = attribute.replace("\\\"", "'").replace("\\\n", " ");
    joined.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_text_of_every_error_speaks_of_what_users_write() {
    let crates = ["greta-codegen", "greta-interpreter", "greta-runtime", "greta-cli", "greta-llama", "greta-emulator"];
    let mut count = 0;
    for path in crates.iter().flat_map(|name| files(&here().join(name).join("src"), "rs")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for attribute in error_attributes(&text) {
            for literal in literals(attribute) {
                count += 1;
                let fault = opt_fault(&literal);
                assert!(fault.is_none(), "{}: {literal:?}: {}", path.display(), fault.unwrap());
                for debug in literal.split('{').filter_map(|part| part.split_once('}')).map(|(value, _)| value) {
                    let Some((value, _)) = debug.split_once(":?").or(debug.split_once(":#?")) else { continue };
                    assert!(LISTS.contains(&value), "{}: {value} in {literal:?}", path.display());
                }
            }
        }
    }
    assert!(count >= 150, "{count} texts: where are the others?");
}

#[kernel(tile(T = 64 in [64, 128]), require(T < 128), require(x.len() == n), block = T)]
fn faulty(x: &mut Global<f32>, n: u32) {
    x[n + thread_idx().x] = 1.0;
}

#[kernel(block = 64)]
fn invalid(x: &mut Global<f32>, n: u32) {
    let values = [0.0; n];
    if x[0] > 1.0 {
        barrier();
    }
    x[0] = values[0];
}

#[test]
fn messages_as_they_are_shown_speak_of_what_users_write() {
    let device = Device::open("cpu").unwrap();
    let stream = device.stream().unwrap();
    let mut x = device.zeroed::<f32>(4).unwrap();
    let kernel = device.kernel(faulty::variant()).unwrap();
    let mut launch = |grid: u32, n: u32| kernel.launch(&stream, grid, faulty::Args { x: &mut x, n });
    let mut errors = vec![
        launch(1, 3).unwrap_err(),
        launch(0, 4).unwrap_err(),
        launch(1, 4).and_then(|()| stream.synchronize()).unwrap_err(),
        device.kernel(faulty::variant().t(96)).unwrap_err(),
        device.kernel(faulty::variant().t(128)).unwrap_err(),
        device.kernel(invalid::variant()).unwrap_err(),
        Device::open("cup").unwrap_err(),
    ];
    errors.extend(Device::names().iter().filter_map(|name| Device::open(name).err()));
    for error in errors {
        let message = error.to_string();
        let fault = opt_fault(&message);
        assert!(fault.is_none(), "{}:\n{message}", fault.unwrap());
        assert_eq!(message, format!("{error:?}"), "a `main` that returns it prints it so");
    }
}

#[test]
fn faults_are_found() {
    for message in ["expected DiagnosticKind", "error: it broke", "x: error: error: y", "Some(3)", "__greta_kernel"] {
        assert!(opt_fault(message).is_some(), "{message}");
    }
    assert_eq!(opt_fault("x takes `FragmentA`, 3 given; HIP has 65536 B in LDS"), None);
}
