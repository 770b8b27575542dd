//! Quantised copies of models that come as safetensors: made once, used from then on, and made again where they are not
//! what they should be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use super::{Ran, signal, wait_until};
use crate::Program;
use crate::hub_server::COMMIT;

/// A home with a model of the user's own: the tiny qwen2 of the parity tests.
struct Own {
    program: Program,
    model: PathBuf,
}

fn tiny(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/parity/tiny/qwen2")
        .join(file)
}

const FILES: [&str; 4] = [
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
];

impl Own {
    fn new() -> Self {
        let program = Program::new();
        for file in FILES {
            program.file(&format!("own/{file}"), fs::read(tiny(file)).unwrap());
        }
        let model = program.home.path().join("own");
        Self { program, model }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("byline"));
        for (name, value) in self.program.command().get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command
            .current_dir(self.program.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    /// Loads the model and lets it write a token.
    fn bench(&self, form: &str) -> Ran {
        self.run(&bench_of("own", form))
    }

    /// The only copy here.
    fn copy(&self, form: &str) -> PathBuf {
        let folder = self.program.home.path().join("byline-cache/quantised");
        let own = fs::read_dir(folder).unwrap().next().unwrap().unwrap();
        own.path().join(form).with_extension("gguf")
    }

    fn weights(&self) -> PathBuf {
        self.model.join("model.safetensors")
    }
}

fn bench_of<'a>(model: &'a str, form: &'a str) -> Vec<&'a str> {
    let counts = ["--prompt-tokens", "4", "--new-tokens", "2"];
    let mut arguments = vec!["bench", "--model", model, "--quantise", form, "--format", "json"];
    arguments.extend(counts);
    arguments
}

fn assert_made(ran: &Ran, made: bool) {
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let told = ran.stderr.contains("that is done once");
    assert_eq!(told, made, "{}", ran.stderr);
}

fn changed(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

fn set_changed(path: &Path, time: SystemTime) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
}

#[test]
fn the_copy_is_made_once_and_then_the_safetensors_are_not_read() {
    let own = Own::new();
    let ran = own.bench("q8_0");
    assert_made(&ran, true);
    assert!(ran.stderr.contains("quantising own to q8_0"), "{}", ran.stderr);
    let copy = own.copy("q8_0");
    assert!(fs::metadata(&copy).unwrap().len() < fs::metadata(own.weights()).unwrap().len() / 2);
    // Nothing of the weights is left but their size and their time of change: whoever read them would fail.
    let time = changed(&own.weights());
    let size = fs::metadata(own.weights()).unwrap().len();
    fs::write(own.weights(), vec![0xFF; usize::try_from(size).unwrap()]).unwrap();
    set_changed(&own.weights(), time);
    assert_made(&own.bench("q8_0"), false);
    assert_ne!(own.bench("none").code, 0);
    let staging = own.program.home.path().join("byline-cache/staging");
    let left = fs::read_dir(staging)
        .unwrap()
        .flatten()
        .filter(|e| e.path().is_dir());
    assert_eq!(left.count(), 0);
}

#[test]
fn each_form_has_a_copy_of_its_own() {
    let own = Own::new();
    assert_made(&own.bench("q8_0"), true);
    assert_made(&own.bench("q4_k"), true);
    assert_made(&own.bench("q8_0"), false);
    assert!(own.copy("q4_k").is_file() && own.copy("q8_0").is_file());
    let ran = own.run(&["models", "list", "--format", "text"]);
    let line = ran
        .stderr
        .lines()
        .find(|line| line.contains("of your own"))
        .unwrap();
    assert!(line.contains("(q4_k q8_0, "), "{line}");
    let name = line.split("remove ").nth(1).unwrap().split('`').next().unwrap();
    assert_eq!(own.run(&["models", "remove", name]).code, 0);
    assert_made(&own.bench("q8_0"), true);
}

#[test]
fn a_copy_that_is_damaged_or_stale_is_made_again() {
    let own = Own::new();
    assert_made(&own.bench("q8_0"), true);
    let copy = own.copy("q8_0");
    let whole = fs::read(&copy).unwrap();

    fs::write(&copy, &whole[..whole.len() - 9]).unwrap();
    assert_made(&own.bench("q8_0"), true);
    assert_eq!(fs::read(&copy).unwrap(), whole);

    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 4;
    fs::write(&copy, &flipped).unwrap();
    assert_made(&own.bench("q8_0"), true);
    assert_eq!(fs::read(&copy).unwrap(), whole);

    // Only its time is another: it is read once and stays.
    set_changed(&copy, SystemTime::UNIX_EPOCH);
    assert_made(&own.bench("q8_0"), false);
    assert_made(&own.bench("q8_0"), false);

    let record = copy.with_extension("json");
    let older = fs::read_to_string(&record)
        .unwrap()
        .replace("byline/quantised/1", "byline/quantised/0");
    fs::write(&record, older).unwrap();
    assert_made(&own.bench("q8_0"), true);
    fs::write(&record, "{").unwrap();
    assert_made(&own.bench("q8_0"), true);

    let mut weights = fs::read(own.weights()).unwrap();
    let last = weights.len() - 1;
    weights[last] ^= 1;
    fs::write(own.weights(), weights).unwrap();
    assert_made(&own.bench("q8_0"), true);
    assert_ne!(fs::read(&copy).unwrap(), whole);
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_one_line_and_leaves_nothing() {
    let own = Own::new();
    let model = own.model.to_string_lossy().into_owned();
    let ran = super::disk::limited(&own.command(&bench_of(&model, "q8_0")), 20);
    super::disk::assert_one_line_of_advice(&ran, "q8_0.gguf");
    let cache = own.program.home.path().join("byline-cache");
    assert!(!cache.join("quantised").exists());
    assert_made(&own.bench("q8_0"), true);
}

/// A model of some hundred megabytes of zeros, which take no room on the disk.
fn large(own: &Own) {
    let (inner, layers) = (65_536u64, 4);
    let config = fs::read_to_string(tiny("config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_str(&config).unwrap();
    config["intermediate_size"] = inner.into();
    config["num_hidden_layers"] = layers.into();
    config["hidden_size"] = 256.into();
    config.as_object_mut().unwrap().remove("layer_types");
    own.program.file("own/config.json", config.to_string());
    let mut header = serde_json::Map::new();
    let mut end = 0;
    for layer in 0..layers {
        for part in ["gate_proj", "up_proj"] {
            let bytes = 4 * 256 * inner;
            let entry = serde_json::json!(
                {"dtype": "F32", "shape": [inner, 256], "data_offsets": [end, end + bytes]});
            header.insert(format!("model.layers.{layer}.mlp.{part}.weight"), entry);
            end += bytes;
        }
    }
    let header = serde_json::Value::Object(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    own.program.file("own/model.safetensors", &bytes);
    let file = fs::File::options().write(true).open(own.weights()).unwrap();
    file.set_len(bytes.len() as u64 + end).unwrap();
}

#[cfg(unix)]
#[test]
fn a_copy_whose_making_was_killed_has_no_final_name() {
    let own = Own::new();
    large(&own);
    let staging = own.program.home.path().join("byline-cache/staging");
    let begun = || {
        let folders = fs::read_dir(&staging).into_iter().flatten().flatten();
        folders
            .map(|entry| entry.path().join("q4_k.gguf"))
            .any(|path| fs::metadata(path).is_ok_and(|meta| meta.len() > 0))
    };
    let mut child = own.command(&bench_of("own", "q4_k")).spawn().unwrap();
    wait_until("the making of the copy", begun);
    signal(&child, "-KILL");
    assert!(!child.wait().unwrap().success());
    assert!(!own.program.home.path().join("byline-cache/quantised").exists());
    // What it left is in nobody's way.
    let config = fs::read(tiny("config.json")).unwrap();
    own.program.file("own/config.json", config);
    let weights = fs::read(tiny("model.safetensors")).unwrap();
    own.program.file("own/model.safetensors", weights);
    assert_made(&own.bench("q4_k"), true);
    assert!(!begun());
}

#[test]
fn a_manifest_names_a_form_and_list_show_verify_and_remove_know_the_copy() {
    let own = Own::new();
    let specs: String = FILES
        .iter()
        .zip(["config", "weights", "tokenizer", "tokenizer_config"])
        .map(|(name, role)| format!("[[files]]\nrole = \"{role}\"\nname = \"{name}\"\n"))
        .collect();
    let manifest = format!(
        "id = \"tiny\"\nname = \"Tiny\"\nabout = \"For tests\"\narchitecture = \"qwen2\"\nquantise = \"q4_k\"\n\
         [licence]\nid = \"MIT\"\n[serves]\nsummarise = [\"en\"]\n{specs}[[sources]]\n[sources.hub]\nrepo = \"somebody/tiny\"\n"
    );
    own.program.file("config/byline/models/tiny.toml", manifest);
    let folder = "hf/hub/models--somebody--tiny";
    own.program.file(&format!("{folder}/refs/main"), COMMIT);
    for file in FILES {
        let place = format!("{folder}/snapshots/{COMMIT}/{file}");
        own.program.file(&place, fs::read(tiny(file)).unwrap());
    }
    let plain = [
        "bench",
        "--model",
        "tiny",
        "--prompt-tokens",
        "4",
        "--new-tokens",
        "2",
    ];
    assert_made(&own.run(&plain), true);
    assert_made(&own.run(&plain), false);
    let show = own.run(&["models", "show", "tiny", "--format", "text"]).stdout;
    assert!(show.contains("to q4_k, once"), "{show}");
    assert!(show.contains("quantised/tiny/q4_k.gguf ("), "{show}");
    let json = own.run(&["models", "show", "tiny", "--format", "json"]).stdout;
    assert!(
        json.contains("\"quantise\":\"q4_k\"") && json.contains("\"copies\":[\"q4_k\"]"),
        "{json}"
    );
    let list = own.run(&["models", "list", "--format", "text"]).stdout;
    let line = list.lines().find(|line| line.starts_with("tiny ")).unwrap();
    assert!(line.ends_with("yes, q4_k"), "{line}");

    let copy = own.copy("q4_k");
    assert!(
        own.run(&["models", "verify", "tiny"])
            .stdout
            .contains("tiny: whole")
    );
    let mut bytes = fs::read(&copy).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&copy, bytes).unwrap();
    let ran = own.run(&["models", "verify", "tiny"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("q4_k.gguf has the SHA-256"), "{}", ran.stdout);

    assert_eq!(own.run(&["models", "remove", "tiny"]).code, 0);
    assert!(!copy.exists());
    assert!(
        own.run(&["models", "list", "--format", "json"])
            .stdout
            .contains("\"copies\":[]")
    );
}

#[test]
fn a_gguf_file_stays_as_it_is_and_says_so() {
    let own = Own::new();
    own.program
        .file("model.gguf", fs::read(tiny("model.gguf")).unwrap());
    let ran = own.run(&bench_of("model.gguf", "q4_k"));
    assert_made(&ran, false);
    assert!(
        ran.stderr.contains("GGUF files are used as they are"),
        "{}",
        ran.stderr
    );
    let ran = own.run(&["bench", "--model", "model.gguf", "--quantise", "q2_k"]);
    ran.assert_fails(2, &["q2_k"]);
    own.program
        .file("config/byline/byline.toml", "quantise = \"q3\"\n");
    own.run(&["doctor"])
        .assert_fails(2, &["q3", "q4_k, q8_0 or none"]);
}
