//! The house rules that a compiler does not hold: who may know whom, and how long a file may be.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the ground up. A room may use those before it, and itself; these alone are free for all.
const ORDER: [&str; 16] = [
    "text",
    "neural",
    "registry",
    "article",
    "structure",
    "bitext",
    "attribution",
    "align",
    "summarise",
    "translate",
    "update",
    "check",
    "render",
    "pipeline",
    "batch",
    "cli",
];
const FREE: [&str; 3] = ["error", "finding", "progress"];
/// Rooms on the ground floor know none of the others.
const GROUND: [&str; 3] = ["text", "neural", "registry"];
/// What the ground floor may share: positions and languages are words of the whole house.
const SHARED: &str = "text";
const LONGEST_FILE: usize = 600;

fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The room that a file belongs to: its folder below `src`, or its own name.
fn room(path: &Path) -> String {
    let below = path
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .unwrap();
    let first = below.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The rooms that a text names with `crate::`, comments left out.
fn named(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for line in text.lines().filter(|l| !l.trim_start().starts_with("//")) {
        for part in line.split("crate::").skip(1) {
            let list = part.strip_prefix('{').map_or(part, |inside| inside);
            let names: Vec<&str> = if part.starts_with('{') {
                list.split(',').collect()
            } else {
                vec![list]
            };
            rooms.extend(names.iter().map(|name| {
                name.trim()
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect::<String>()
            }));
        }
    }
    rooms.retain(|room| !room.is_empty() && room.chars().next().is_some_and(char::is_lowercase));
    rooms
}

#[test]
fn rooms_know_only_the_rooms_below_them() {
    let level = |room: &str| ORDER.iter().position(|r| *r == room);
    let mut wrong = Vec::new();
    for path in sources() {
        let here = room(&path);
        let Some(floor) = level(&here) else { continue };
        for other in named(&fs::read_to_string(&path).unwrap()) {
            if other == here || FREE.contains(&other.as_str()) {
                continue;
            }
            let ground = GROUND.contains(&here.as_str()) && other != SHARED;
            if ground || level(&other).is_none_or(|l| l >= floor) {
                wrong.push(format!("{} uses crate::{other}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_past_reading() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|path| (fs::read_to_string(&path).unwrap().lines().count(), path))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, path)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}
