//! `translate --format same`: the input's structure in another language, by the pocket model.

use super::Program;

/// What the program makes of a file, and what it says.
fn translated(name: &str, input: &str) -> (String, String) {
    let program = Program::new();
    let file = program.file(name, input);
    let pocket = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pocket");
    let made = program
        .command()
        .args([
            "translate",
            "--from",
            "en",
            "--to",
            "uk",
            "--format",
            "same",
            "--model",
        ])
        .arg(format!("translate={}", pocket.display()))
        .arg(file)
        .assert()
        .code(0);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&made.get_output().stdout), text(&made.get_output().stderr))
}

#[test]
fn a_page_keeps_its_tags_and_what_is_not_the_article() {
    let long = "<p>The bank said on Monday that the road was closed. The plant denied that the bridge was opened.</p>\n";
    let page = |lang: &str, title: &str, body: &str, rest: &str| {
        format!(
            "<!DOCTYPE html><html lang=\"{lang}\"><head><title>{title}</title><script>a < b</script></head><body>\n<nav><a href=/n>News</a></nav>\n<article>{body}{rest}</article></body></html>\n"
        )
    };
    let body = "<p>The <a href=\"/p?a=1&amp;b=2\">port</a> said that the <b class='x'>bridge</b> was closed.</p><!-- <b> -->\n<p>The museum said that the <i>park was sold.</p>\n";
    let theirs = "<p><a href=\"/p?a=1&amp;b=2\">Порт</a> повідомив, що <b class='x'>міст</b> закрито.</p><!-- <b> -->\n<p>Музей повідомив, що <i>парк продано.</p>\n";
    let (made, said) = translated(
        "page.html",
        &page("en", "The park was sold.", body, &long.repeat(3)),
    );
    let translated =
        "<p>Банк повідомив у понеділок, що шлях закрито. Завод заперечив, що міст відкрито.</p>\n";
    assert_eq!(made, page("uk", "Парк продано.", theirs, &translated.repeat(3)));
    assert!(said.contains("stay in English"), "{said}");
}

#[test]
fn subtitles_keep_their_times_and_a_sentence_is_cut_over_its_cues() {
    let (made, _) = translated(
        "a.vtt",
        "WEBVTT\r\n\r\nid-1\r\n00:01.000 --> 00:02.000 line:0\r\n<v Ilse>The mayor said that\r\n\r\n00:02.000 --> 00:03.000\r\n<v Ilse>the market was sold.</v>\r\n",
    );
    assert_eq!(
        made,
        "WEBVTT\r\n\r\nid-1\r\n00:01.000 --> 00:02.000 line:0\r\n<v Ilse>Мер повідомив, що\r\n\r\n00:02.000 --> 00:03.000\r\n<v Ilse>ринок продано.</v>\r\n"
    );
}

#[test]
fn markdown_keeps_its_marks_and_its_front_matter() {
    let (made, _) = translated(
        "a.md",
        "---\ntitle: The bridge was closed.\nlang: en\ntags: [a, b]\n---\n\n- The park was **sold**.\n\n> The [market] was sold.\n\n```\nThe code\n```\n\n[market]: https://m.example\n",
    );
    assert_eq!(
        made,
        "---\ntitle: \"Міст закрито.\"\nlang: uk\ntags: [a, b]\n---\n\n- Парк **продано**.\n\n> [Ринок][market] продано.\n\n```\nThe code\n```\n\n[market]: https://m.example\n"
    );
}

#[test]
fn what_cannot_be_given_back_is_refused() {
    let program = Program::new();
    let feed = program.file("a.rss", "<rss version='2.0'><channel></channel></rss>");
    for (more, why) in [
        (vec!["--to", "uk"], "feed input is not given back"),
        (vec!["--to", "uk", "--to", "ko"], "one language"),
    ] {
        let run = program
            .command()
            .args(["translate", "--format", "same"])
            .args(more)
            .arg(&feed)
            .assert()
            .code(2);
        let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(said.contains(why), "{said}");
    }
}
