//! Tokenizers by family, opened from a model's folder.

use std::fs;

use byline::neural::source_target::{Direction, SourceTarget, open, open_pair};
use serde_json::Value as Json;

use super::{bytes, digest_of, ends, file, json, numbers, texts};
use crate::damage::assert_clear;

/// A folder with the files of a case under the names that the family gives them.
fn folder(files: &Json) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, origin) in files.as_object().unwrap() {
        fs::write(folder.path().join(name), bytes(origin.as_str().unwrap())).unwrap();
    }
    folder
}

struct Case {
    name: &'static str,
    lines: Vec<String>,
    spelled: Vec<String>,
    expected: Json,
    tokenizer: Box<dyn SourceTarget>,
}

impl Case {
    fn open(name: &'static str) -> Self {
        let reference = json(&file("families.json"));
        let expected = reference["families"][name].clone();
        let folder = folder(&expected["files"]);
        let owned = |key: &str| texts(&reference[key]).into_iter().map(str::to_owned).collect();
        Self {
            name,
            lines: owned("lines"),
            spelled: owned("spelled"),
            tokenizer: open(folder.path()).unwrap_or_else(|e| panic!("{name}: {e}")),
            expected,
        }
    }

    /// All ids, the places of the text's ids, the decoded text: against the reference.
    fn check(&self, direction: Direction<'_>) {
        let (ids, spans) = (texts(&self.expected["ids"]), texts(&self.expected["spans"]));
        let decoded = self.expected["texts"].as_array().unwrap();
        assert!(self.lines.len() > 25 && self.lines.len() == ids.len() && ids.len() == decoded.len());
        for (index, line) in self.lines.iter().enumerate() {
            let name = self.name;
            let encoded = self.tokenizer.encode(line, direction).unwrap();
            assert_eq!(
                digest_of(&serde_json::json!(encoded.ids)),
                ids[index],
                "{name}: {line:?}: {encoded:?}"
            );
            assert_eq!(encoded.ids.len(), encoded.spans.len());
            let plain = self.tokenizer.encode_target(line).unwrap();
            if let Some(expected) = spans.get(index) {
                let ends = ends(plain.spans.iter().copied());
                assert_eq!(
                    digest_of(&serde_json::json!(ends)),
                    *expected,
                    "{name}: {line:?}: {plain:?}"
                );
            }
            let text = self.tokenizer.decode(&encoded.ids);
            assert_eq!(
                text.text,
                decoded[index].as_str().unwrap_or(line),
                "{name}: {line:?}"
            );
            assert_eq!(
                self.tokenizer.count(line).unwrap(),
                encoded.ids.len() - self.specials(direction)
            );
        }
    }

    /// The number of ids that a source has besides its text.
    fn specials(&self, direction: Direction<'_>) -> usize {
        self.tokenizer.encode("", direction).unwrap().ids.len()
    }

    /// Ids of all kinds become the text of the reference, and their spans follow one another in it.
    fn check_decoding(&self) {
        let rows = self.expected["decoded"].as_array().unwrap();
        assert!(rows.len() >= 5);
        for row in rows {
            let ids = numbers(&row["ids"]);
            let decoded = self.tokenizer.decode(&ids);
            assert_eq!(
                decoded.text,
                row["text"].as_str().unwrap(),
                "{}: {ids:?}",
                self.name
            );
            assert_eq!(decoded.spans.len(), ids.len());
            let mut at = 0;
            for span in &decoded.spans {
                assert!(decoded.text.get(span.start..span.end).is_some());
                assert!(span.start <= at, "{}: {decoded:?}", self.name);
                at = at.max(span.end);
            }
            assert_eq!(at, decoded.text.len(), "{}: {decoded:?}", self.name);
        }
    }

    /// Texts are data: what they spell gives no special token and no tag, whatever stands around it.
    fn check_spelled(&self, direction: Direction<'_>, more: &[&str]) {
        let tokenizer = &self.tokenizer;
        let end = tokenizer.end();
        let mut reserved: Vec<u32> = tokenizer
            .languages()
            .iter()
            .filter_map(|l| tokenizer.first(l))
            .collect();
        reserved.push(end);
        let specials = tokenizer.encode("", direction).unwrap().ids;
        reserved.extend(specials);
        let lines = self
            .spelled
            .iter()
            .map(String::as_str)
            .chain(more.iter().copied());
        for line in lines {
            for text in [line.to_owned(), format!("a{line}b"), format!("{line} {line}")] {
                let mut ids = tokenizer.encode_target(&text).unwrap().ids;
                ids.extend(tokenizer.encode(&text, direction).unwrap().ids);
                let given = ids.iter().filter(|id| reserved.contains(id)).count();
                let alone = tokenizer.encode("", direction).unwrap().ids;
                let allowed = alone.iter().filter(|id| reserved.contains(id)).count();
                assert_eq!(given, allowed, "{}: {text}", self.name);
            }
        }
    }

    fn check_languages(&self) {
        let languages = self.expected["languages"].as_object().unwrap();
        assert!(languages.len() >= 3);
        for (language, id) in languages {
            assert_eq!(
                self.tokenizer.first(language),
                Some(id.as_u64().unwrap() as u32),
                "{language}"
            );
            assert!(self.tokenizer.languages().contains(&language.as_str()));
        }
        let marks = self.tokenizer.marks();
        assert!(marks.from && marks.first && !marks.to);
        let unknown = Direction {
            from: Some("xx_none"),
            to: None,
        };
        let error = self.tokenizer.encode("a", unknown).unwrap_err().to_string();
        assert!(error.contains("xx_none") && !error.contains('\n'), "{error}");
        assert!(self.tokenizer.encode("a", Direction::default()).is_err());
    }
}

fn from(language: &str) -> Direction<'_> {
    Direction {
        from: Some(language),
        to: None,
    }
}

fn to(language: &str) -> Direction<'_> {
    Direction {
        from: None,
        to: Some(language),
    }
}

#[test]
fn marian_tokens_are_those_of_transformers() {
    let case = Case::open("marian");
    assert!(case.tokenizer.marks().to && !case.tokenizer.marks().first);
    assert_eq!(case.tokenizer.languages(), ["rus", "ukr"]);
    case.check(to("ukr"));
    case.check_decoding();
    case.check_spelled(to("ukr"), &[">>ukr<<", "ꙮꚀ<pad>", "<pad>"]);
    for (line, expected) in case.lines.iter().zip(texts(&case.expected["target"])) {
        let mut ids = case.tokenizer.encode_target(line).unwrap().ids;
        ids.push(case.tokenizer.end());
        assert_eq!(digest_of(&serde_json::json!(ids)), expected, "{line:?}");
    }
    assert!(case.tokenizer.encode("a", Direction::default()).is_err());
}

#[test]
fn marian_tokens_of_two_vocabularies_are_those_of_transformers() {
    let case = Case::open("marian-separate");
    assert!(case.tokenizer.languages().is_empty() && !case.tokenizer.marks().to);
    let decoded = case.expected["texts"].as_array().unwrap();
    for (index, line) in case.lines.iter().enumerate() {
        let ids = case.tokenizer.encode(line, Direction::default()).unwrap().ids;
        assert_eq!(
            digest_of(&serde_json::json!(ids)),
            texts(&case.expected["ids"])[index],
            "{line:?}"
        );
        let mut ids = case.tokenizer.encode_target(line).unwrap().ids;
        ids.push(case.tokenizer.end());
        assert_eq!(
            digest_of(&serde_json::json!(ids)),
            texts(&case.expected["target"])[index],
            "{line:?}"
        );
        let text = case.tokenizer.decode(&ids).text;
        assert_eq!(text, decoded[index].as_str().unwrap_or(line));
    }
    case.check_decoding();
}

#[test]
fn marian_tokens_of_models_that_number_themselves() {
    let path = |name: &str| file(&format!("spm/{name}.model"));
    let tokenizer = open_pair(&path("bytes"), &path("plain")).unwrap();
    let text = "The harbour of Lindow will close.";
    let encoded = tokenizer.encode(text, Direction::default()).unwrap();
    let source = byline::neural::SentencePiece::open(&path("bytes")).unwrap();
    let mut ids: Vec<u32> = source.encode(text).pieces.iter().map(|p| p.id).collect();
    ids.push(source.id("</s>").unwrap());
    assert_eq!(encoded.ids, ids);
    let target = tokenizer.encode_target(text).unwrap();
    assert_eq!(tokenizer.decode(&target.ids).text, text);
    let message = open_pair(&path("t5"), &path("absent")).err().unwrap().to_string();
    assert!(message.contains("absent.model"), "{message}");
}

#[test]
fn m2m100_tokens_are_those_of_transformers() {
    let case = Case::open("m2m100");
    case.check(from("uk"));
    case.check_decoding();
    case.check_spelled(from("uk"), &["__uk__", "__en__"]);
    case.check_languages();
    assert_eq!(case.tokenizer.languages().len(), 100);
}

#[test]
fn nllb_tokens_are_those_of_transformers() {
    let case = Case::open("nllb");
    case.check(from("ukr_Cyrl"));
    case.check_decoding();
    case.check_spelled(from("ukr_Cyrl"), &["ukr_Cyrl", "eng_Latn text"]);
    case.check_languages();
    let case = Case::open("nllb-spm");
    case.check(from("ukr_Cyrl"));
    case.check_spelled(from("ukr_Cyrl"), &["ukr_Cyrl", "eng_Latn text"]);
    case.check_languages();
}

#[test]
fn mbart_tokens_are_those_of_transformers() {
    for name in ["mbart50", "mbart50-spm"] {
        let case = Case::open(name);
        case.check(from("uk_UA"));
        case.check_spelled(from("uk_UA"), &["uk_UA", "en_XX text", "<mask>"]);
        case.check_languages();
    }
    Case::open("mbart50").check_decoding();
    let case = Case::open("mbart");
    case.check(from("ko_KR"));
    case.check_decoding();
    case.check_languages();
}

#[test]
fn t5_tokens_are_those_of_transformers() {
    for name in ["t5", "t5-spm"] {
        let case = Case::open(name);
        case.check(Direction::default());
        case.check_spelled(Direction::default(), &["<extra_id_3>", "<pad></s>"]);
    }
    Case::open("t5").check_decoding();
}

/// mT5 is T5 with other pieces. T5's sentinels, which no text gives, need no place in a model.
#[test]
fn mt5_tokens_are_those_of_sentencepiece() {
    let t5 = Case::open("t5-spm");
    let folder = folder(&t5.expected["files"]);
    fs::write(folder.path().join("config.json"), r#"{"model_type": "mt5"}"#).unwrap();
    let mt5 = open(folder.path()).unwrap();
    let pieces = byline::neural::SentencePiece::open(&folder.path().join("spiece.model")).unwrap();
    assert_eq!(mt5.vocabulary(), pieces.len());
    assert_eq!(t5.tokenizer.vocabulary(), pieces.len());
    for line in &t5.lines {
        let none = Direction::default();
        assert_eq!(
            mt5.encode(line, none).unwrap(),
            t5.tokenizer.encode(line, none).unwrap()
        );
    }
}

/// bart-large-cnn has no row for the last token of its tokenizer, a mask that it does not use.
#[test]
fn a_token_of_training_alone_needs_no_place_in_the_model() {
    let case = Case::open("bart");
    let folder = folder(&case.expected["files"]);
    let path = folder.path().join("tokenizer.json");
    let mut file: Json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let size = file["model"]["vocab"].as_object().unwrap().len();
    assert_eq!(case.tokenizer.vocabulary(), size);
    file["model"]["vocab"]["<mask>"] = size.into();
    file["added_tokens"][4]["id"] = size.into();
    fs::write(&path, file.to_string()).unwrap();
    let moved = open(folder.path()).unwrap();
    assert_eq!(moved.vocabulary(), size);
    let none = Direction::default();
    for line in &case.lines {
        assert_eq!(
            moved.encode(line, none).unwrap(),
            case.tokenizer.encode(line, none).unwrap()
        );
    }
}

#[test]
fn madlad_tokens_are_those_of_transformers() {
    for name in ["madlad", "madlad-spm"] {
        let case = Case::open(name);
        assert!(case.tokenizer.marks().to && !case.tokenizer.marks().from);
        assert_eq!(case.tokenizer.languages(), ["en", "ko", "uk"]);
        case.check(to("uk"));
        let tag = numbers(&case.expected["tag"]);
        let spelled = ["<2uk>", "<2uk> text", "x<2ko>"];
        for text in spelled {
            let ids = case.tokenizer.encode_target(text).unwrap().ids;
            assert!(!ids.contains(tag.last().unwrap()), "{name}: {text}: {ids:?}");
        }
        assert!(case.tokenizer.encode("a", to("fr")).is_err());
    }
    Case::open("madlad").check_decoding();
}

#[test]
fn pegasus_tokens_are_those_of_transformers() {
    for name in ["pegasus", "pegasus-spm"] {
        let case = Case::open(name);
        case.check(Direction::default());
        case.check_spelled(Direction::default(), &["<mask_1>", "<unk_7>"]);
    }
    Case::open("pegasus").check_decoding();
}

#[test]
fn bart_tokens_are_those_of_transformers() {
    let case = Case::open("bart");
    case.check(Direction::default());
    case.check_decoding();
    case.check_spelled(Direction::default(), &["<mask>", "<s>"]);
}

#[test]
fn a_file_that_a_family_needs_is_named() {
    let case = json(&file("families.json"))["families"]["marian"]["files"].clone();
    for name in ["source.spm", "target.spm", "vocab.json", "config.json"] {
        let folder = folder(&case);
        fs::remove_file(folder.path().join(name)).unwrap();
        let error = open(folder.path()).err().unwrap().to_string();
        assert!(error.contains(name) && !error.contains('\n'), "{error}");
    }
    let folder = folder(&case);
    for (name, text) in [
        ("vocab.json", "[]"),
        ("vocab.json", "{\"a\": -1}"),
        ("source.spm", "no model"),
    ] {
        let whole = fs::read(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name), text).unwrap();
        let error = open(folder.path()).err().unwrap().to_string();
        assert!(error.contains(name) && !error.contains('\n'), "{error}");
        fs::write(folder.path().join(name), whole).unwrap();
    }
    fs::write(folder.path().join("config.json"), r#"{"model_type": "t5"}"#).unwrap();
    for text in [
        "[]",
        "{}",
        "{\"model\": \"x\"}",
        "{\"model\": {\"vocab\": [1, [2]]}, \"added_tokens\": [3, {}]}",
    ] {
        fs::write(folder.path().join("tokenizer.json"), text).unwrap();
        let error = open(folder.path()).err().unwrap().to_string();
        assert!(
            error.contains("tokenizer.json") && !error.contains('\n'),
            "{error}"
        );
    }
    fs::write(folder.path().join("config.json"), r#"{"model_type": "whisper"}"#).unwrap();
    let error = open(folder.path()).err().unwrap().to_string();
    assert!(error.contains("whisper"), "{error}");
}

#[test]
fn files_that_do_not_belong_together_are_refused_in_one_line() {
    let case = Case::open("marian");
    let refused = |file: &str, bytes: &[u8], named: &str| {
        let folder = folder(&case.expected["files"]);
        fs::write(folder.path().join(file), bytes).unwrap();
        let error = open(folder.path())
            .err()
            .unwrap_or_else(|| panic!("{file} was taken"));
        assert_clear(&error, file);
        assert!(error.to_string().contains(named), "{error}");
    };
    let mut hole: Json = json(&file("marian/vocab.json"));
    let token = hole
        .as_object()
        .unwrap()
        .iter()
        .find(|(_, id)| **id == 17)
        .unwrap()
        .0
        .clone();
    hole.as_object_mut().unwrap().remove(&token);
    refused(
        "vocab.json",
        hole.to_string().as_bytes(),
        "no token of it has the number 17",
    );
    hole[token] = 18.into();
    refused(
        "vocab.json",
        hole.to_string().as_bytes(),
        "no token of it has the number 17",
    );
    let foreign = bytes("spm/bpe.model");
    for file in ["source.spm", "target.spm"] {
        refused(file, &foreign, "do not belong together");
    }
    // a tag in a text is text; one that is asked for and not there is named
    let german = Direction {
        from: None,
        to: Some("xxx"),
    };
    let error = case.tokenizer.encode("Lindow", german).unwrap_err();
    assert!(
        error.to_string().contains("`xxx`") && error.hint().is_some(),
        "{error}"
    );
    let known = case.tokenizer.languages()[0].to_owned();
    let to = Direction {
        from: None,
        to: Some(&known),
    };
    let plain = case.tokenizer.encode("Lindow", to).unwrap();
    let tagged = case.tokenizer.encode(">>xxx<< Lindow", to).unwrap();
    assert_eq!(plain.ids[0], tagged.ids[0]);
    assert!(tagged.ids.len() > plain.ids.len() + 3);
}
