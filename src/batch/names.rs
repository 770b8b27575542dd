//! Ids of articles as names of files.

use crate::text::sha256::sha256;

/// Bytes of a name at the most, so that an extension has room on every file system.
const LONGEST: usize = 100;

/// A name for the result of article `id`: the id itself where it can be one, else what of it can be, and a part of its hash.
pub(super) fn file_name(id: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ' | '(' | ')');
    let mut name: String = id.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let hidden = name.starts_with('.') || name.ends_with(['.', ' ']) || name.starts_with(' ');
    if name == id && !hidden && !name.is_empty() && name.len() <= LONGEST {
        return name;
    }
    while name.len() > LONGEST - 10 {
        name.pop();
    }
    let name = name.trim_matches(['.', ' ']);
    format!("{name}-{}", &sha256(id)[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_told_apart() {
        assert_eq!(file_name("harbour.en"), "harbour.en");
        assert_eq!(file_name("порт (2)"), "порт (2)");
        let bad = [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a\\b",
            ".hidden",
            "nul\0",
            "x ",
            &"я".repeat(200),
            "http://a.b/c?d",
        ];
        let names: std::collections::HashSet<String> = bad.iter().map(|id| file_name(id)).collect();
        assert_eq!(names.len(), bad.len());
        for name in names {
            assert!(
                !name.contains(['/', '\\', '\0']) && !name.starts_with('.') && name.len() <= 120,
                "{name}"
            );
        }
    }
}
