//! The exit code of `--strict`, through the program: 1 on an attribution that is neither found nor put back.

use std::path::PathBuf;

use super::Program;

/// What the program ends with when the pocket translator puts `text` into Ukrainian.
fn code(command: &[&str], text: &str, strict: bool) -> i32 {
    let pocket = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pocket");
    let program = Program::new();
    let output = program
        .command()
        .args(command)
        .args(["--from", "en", "--to", "uk", "--format", "json", "--model"])
        .arg(format!("translate={}", pocket.display()))
        .args(strict.then_some("--strict"))
        .write_stdin(text)
        .output()
        .unwrap();
    let (made, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let missing = made.contains("\"status\":\"missing\"");
    assert_eq!(missing, text == LOST, "{made}\n{stderr}");
    output.status.code().unwrap()
}

/// The model knows no thoughts, and a line that a tool writes would only say that somebody said it: it stays a doubt.
const LOST: &str = "Many critics think the road was closed.";
const KEPT: &str = "The mayor said on Friday that the park was sold.";
/// What is put back is no longer missing.
const PUT_BACK: &str = "The park was reportedly sold.";

#[test]
fn strict_ends_with_1_on_a_missing_attribution_alone() {
    for command in [&["translate"][..], &["digest", "--method", "extractive"]] {
        for (text, want) in [(LOST, 1), (KEPT, 0), (PUT_BACK, 0)] {
            assert_eq!(code(command, text, false), 0, "{command:?} {text}");
            assert_eq!(code(command, text, true), want, "{command:?} --strict {text}");
        }
    }
}
