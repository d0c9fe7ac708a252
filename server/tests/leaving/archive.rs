//! Reading an archive as anybody does who has it: with another implementation of the container, and with nothing but what the archive says of itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Cursor, Read},
};

use arrow_array::{Array, Float64Array, Int64Array, StringArray};
use serde_json::Value;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

/// A point of a metric: run, key, step, time, bits of the value.
pub type Point = (String, String, i64, i64, u64);

pub struct Unpacked {
    /// Every file below the archive's one folder.
    pub files: BTreeMap<String, Vec<u8>>,
    pub bytes: Vec<u8>,
}

impl Unpacked {
    /// Unpacks and checks: one folder, every checksum, every digest, nothing unlisted.
    pub fn read(bytes: &[u8]) -> Self {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("is a ZIP");
        let (mut files, mut folders) = (BTreeMap::new(), BTreeSet::new());
        for at in 0..archive.len() {
            let mut file = archive.by_index(at).expect("an entry");
            let name = file.name().expect("UTF-8").into_owned();
            let inside = file.enclosed_name().unwrap_or_else(|| panic!("{name:?} leads out"));
            assert_eq!(inside.to_string_lossy(), name, "the name is the path");
            let (folder, path) = name.split_once('/').map(|(folder, path)| (folder.to_owned(), path.to_owned())).expect("a folder");
            folders.insert(folder);
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert!(files.insert(path.clone(), content).is_none(), "{path} twice");
        }
        assert_eq!(folders.len(), 1, "{folders:?}");
        let unpacked = Self { files, bytes: bytes.to_vec() };
        unpacked.verify();
        unpacked
    }

    pub fn manifest(&self) -> Value {
        serde_json::from_slice(&self.files["manifest.json"]).expect("JSON")
    }

    /// What is listed with its digest: in the manifest the lists, in the lists everything else.
    fn verify(&self) {
        let manifest = self.manifest();
        let mut listed: Vec<Value> = manifest["file_lists"].as_array().expect("lists").clone();
        listed.extend(self.lines_in("files/"));
        let mut seen = BTreeSet::from(["manifest.json".to_owned()]);
        for line in listed {
            let path = line["path"].as_str().expect("a path").to_owned();
            if line["damaged"] == true {
                assert!(!self.files.contains_key(&path), "{path} is damaged");
                continue;
            }
            let content = self.files.get(&path).unwrap_or_else(|| panic!("{path} is listed and not there"));
            let sum: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!((line["sha256"].as_str(), line["bytes"].as_u64()), (Some(sum.as_str()), Some(content.len() as u64)), "{path}");
            seen.insert(path);
        }
        assert_eq!(seen, self.files.keys().cloned().collect(), "what is there is listed");
        for (kind, count) in manifest["counts"].as_object().expect("counts") {
            let folder = format!("data/{kind}/");
            if self.files.keys().any(|path| path.starts_with(&folder)) && kind != "metric_points" {
                assert_eq!(count["rows"], self.lines(kind).len(), "{kind}");
            }
        }
    }

    fn lines_in(&self, folder: &str) -> Vec<Value> {
        let files = self.files.iter().filter(|(path, _)| path.starts_with(folder) && path.ends_with(".ndjson"));
        files
            .flat_map(|(_, content)| std::str::from_utf8(content).expect("UTF-8").lines().map(str::to_owned).collect::<Vec<_>>())
            .map(|line| serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }

    /// The lines of a kind.
    pub fn lines(&self, kind: &str) -> Vec<Value> {
        self.lines_in(&format!("data/{kind}/"))
    }

    /// The line of a kind with an id.
    pub fn line(&self, kind: &str, id: &str) -> Value {
        let wanted = uuid::Uuid::parse_str(id.rsplit(['_', '-']).next().expect("an id")).expect("a UUID").to_string();
        let found = self.lines(kind).into_iter().find(|line| line["id"] == wanted.as_str());
        found.unwrap_or_else(|| panic!("{kind} without {id}"))
    }

    /// Every point of every metric, in the order of the files.
    pub fn points(&self) -> Vec<Point> {
        let mut points = Vec::new();
        for content in self.files.iter().filter(|(path, _)| path.starts_with("data/metric_points/")).map(|(_, content)| content) {
            let reader =
                parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(bytes::Bytes::from(content.clone()), 10_000).expect("is Parquet");
            for batch in reader {
                let batch = batch.expect("a batch");
                let text = |at: usize| batch.column(at).as_any().downcast_ref::<StringArray>().expect("texts").clone();
                let number = |at: usize| batch.column(at).as_any().downcast_ref::<Int64Array>().expect("numbers").clone();
                let (runs, keys, steps, times) = (text(0), text(1), number(2), number(3));
                let values = batch.column(4).as_any().downcast_ref::<Float64Array>().expect("values").clone();
                let point = |at: usize| {
                    (runs.value(at).replace('-', ""), keys.value(at).to_owned(), steps.value(at), times.value(at), values.value(at).to_bits())
                };
                points.extend((0..batch.num_rows()).map(point));
            }
        }
        points
    }

    /// Whether some bytes are anywhere in the archive.
    pub fn holds(&self, secret: &[u8]) -> bool {
        self.files.values().any(|content| content.windows(secret.len()).any(|part| part == secret))
    }
}
