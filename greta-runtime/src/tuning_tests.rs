//! Shapes as text and as buckets; entries that are found, damaged, stale, or of another shape.

use super::*;
use crate::test_kernels::scale;

fn shape(text: &str) -> Shape {
    text.parse().unwrap()
}

struct Bench {
    _folder: tempfile::TempDir,
    database: Database,
    subject: Subject,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::new(folder.path().join("tuning"));
        let device = Device::open("cpu").unwrap();
        let subject = Subject::new(&device, &scale::DEFINITION, &shape("len=1000")).unwrap();
        Self { _folder: folder, database, subject }
    }

    fn measured() -> Measured {
        let shape = "len=1000".to_owned();
        Measured { values: vec![128], fixed: Vec::new(), time_us: 2.5, default_us: Some(3.0), shape }
    }

    fn path(&self) -> PathBuf {
        self.database.path(&self.subject).unwrap()
    }

    /// The entry with another value of a field, and a checksum that says so.
    fn rewrite(&self, change: impl FnOnce(&mut Entry)) {
        let mut entry: Entry = serde_json::from_slice(&std::fs::read(self.path()).unwrap()).unwrap();
        change(&mut entry);
        entry.checksum = entry.checksum();
        std::fs::write(self.path(), serde_json::to_vec(&entry).unwrap()).unwrap();
    }
}

#[test]
fn a_shape_is_the_same_in_any_order_and_is_read_as_it_is_written() {
    assert_eq!(shape("m=1, n=2"), shape("n=2,m=1"));
    assert_eq!(shape("n=2,m=1").to_string(), "m=1,n=2");
    assert_eq!(Shape::new([("n", 2), ("m", 1)]), shape("m=1,n=2"));
    assert_eq!(shape("m=5").size("m"), Some(5));
    assert_eq!(shape("m=5").size("k"), None);
}

#[test]
fn text_that_is_no_shape_is_refused_with_what_is_wrong() {
    let refused = |text: &str| text.parse::<Shape>().unwrap_err();
    for text in ["", "m", "=3", "m=", "m=1,,n=2"] {
        assert!(matches!(refused(text), ShapeError::Syntax { .. }), "{text}");
    }
    for text in ["m=x", "m=-1", "m=1.5", "m=4294967296"] {
        assert!(matches!(refused(text), ShapeError::Number { .. }), "{text}");
    }
    assert_eq!(refused("m=1,m=2"), ShapeError::Repeated { name: "m".to_owned() });
}

#[test]
fn a_bucket_holds_the_shapes_up_to_a_power_of_two() {
    assert_eq!(shape("m=513,n=1,p=0").bucket(), shape("m=1024,n=1,p=0"));
    assert_eq!(shape("m=1024").bucket(), shape("m=1024"));
    assert_ne!(shape("m=1025").bucket(), shape("m=1024").bucket());
}

#[test]
fn what_was_measured_is_found_again_for_its_bucket_alone() {
    let bench = Bench::new();
    assert_eq!(bench.database.get(&bench.subject).unwrap(), None);
    bench.database.put(&bench.subject, &Bench::measured()).unwrap();
    assert_eq!(bench.database.get(&bench.subject).unwrap(), Some(Bench::measured()));
    let device = Device::open("cpu").unwrap();
    let other = |text: &str| Subject::new(&device, &scale::DEFINITION, &shape(text)).unwrap();
    assert_eq!(bench.database.get(&other("len=600")).unwrap(), Some(Bench::measured()));
    assert_eq!(bench.database.get(&other("len=1025")).unwrap(), None);
    let device = Device::open("cpu:sm_90").unwrap();
    let other = Subject::new(&device, &scale::DEFINITION, &shape("len=1000")).unwrap();
    assert_eq!(bench.database.get(&other).unwrap(), None, "another device");
}

#[test]
fn times_are_read_bit_for_bit() {
    let bench = Bench::new();
    for time_us in [1.9 * 0.98, 0.1 + 0.2, f64::MIN_POSITIVE, 1e300 / 3.0] {
        let measured = Measured { time_us, ..Bench::measured() };
        bench.database.put(&bench.subject, &measured).unwrap();
        assert_eq!(bench.database.get(&bench.subject).unwrap(), Some(measured));
    }
}

#[test]
fn a_damaged_entry_is_refused_wherever_the_damage_is() {
    let bench = Bench::new();
    bench.database.put(&bench.subject, &Bench::measured()).unwrap();
    let sound = std::fs::read_to_string(bench.path()).unwrap();
    for damaged in [&sound[..sound.len() / 2], "", &sound.replace("2.5", "0.5"), &sound.replace("128", "256")] {
        std::fs::write(bench.path(), damaged).unwrap();
        assert!(matches!(bench.database.get(&bench.subject), Err(Unusable::Damaged)), "{damaged}");
    }
}

#[test]
fn a_stale_entry_says_what_has_changed() {
    let bench = Bench::new();
    let reason = |change: fn(&mut Entry)| {
        bench.database.put(&bench.subject, &Bench::measured()).unwrap();
        bench.rewrite(change);
        bench.database.get(&bench.subject).unwrap_err().to_string()
    };
    assert_eq!(reason(|entry| entry.format += 1), format!("it has format 2; this is {FORMAT_VERSION}"));
    let compiler = Device::open("cpu").unwrap().compiler().unwrap();
    let said = format!("it was measured with interpreter 0; the compiler is now {compiler}");
    assert_eq!(reason(|entry| entry.compiler = "interpreter 0".to_owned()), said);
    assert_eq!(reason(|entry| entry.source = "0".to_owned()), "the kernel's source has changed since");
    assert!(reason(|entry| entry.measured.values = vec![7]).contains("is not allowed"));
    assert!(reason(|entry| entry.measured.values = vec![]).contains("given 0 values"));
}

#[test]
fn a_folder_that_is_a_file_is_an_error_and_no_panic() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let bench = Bench { database: Database::new(file.path()), ..Bench::new() };
    assert!(matches!(bench.database.put(&bench.subject, &Bench::measured()), Err(Unusable::Read(_))));
    assert!(matches!(bench.database.get(&bench.subject), Err(Unusable::Read(_))));
}
