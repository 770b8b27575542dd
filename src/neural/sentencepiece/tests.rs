#![allow(clippy::unwrap_used)]

use super::*;

fn piece(text: &str, score: f32, kind: Kind) -> Piece {
    Piece {
        text: text.to_owned(),
        score,
        kind,
    }
}

/// A BPE model of a few letters that spells other letters in the bytes of `é`.
fn tiny(space_first: bool) -> SentencePiece {
    let mut pieces = vec![piece("<unk>", 0.0, Kind::Unknown)];
    let letters = [
        ("a", -9.0),
        ("b", -9.0),
        ("c", -9.0),
        ("ab", -2.0),
        ("bc", -1.0),
        ("abc", -3.0),
        (SPACE, -9.0),
        ("\u{2581}a", -4.0),
    ];
    pieces.extend(letters.map(|(text, score)| piece(text, score, Kind::Normal)));
    pieces.extend((0..=255u8).map(|b| piece(&format!("<0x{b:02X}>"), 0.0, Kind::Byte)));
    SentencePiece::from_model(Model {
        pieces,
        algorithm: Algorithm::Bpe,
        byte_fallback: true,
        unknown: 0,
        space_last: false,
        unknown_surface: " ⁇ ".to_owned(),
        normalizer: NormalizerSpec {
            add_dummy_prefix: space_first,
            remove_extra_whitespaces: false,
            ..NormalizerSpec::default()
        },
        denormalizer: None,
    })
    .unwrap()
}

fn ids(model: &SentencePiece, text: &str) -> Vec<u32> {
    model.encode(text).pieces.iter().map(|p| p.id).collect()
}

#[test]
fn bpe_takes_the_best_union_first_then_the_leftmost() {
    let model = tiny(false);
    assert_eq!(ids(&model, "abc"), [6]);
    assert_eq!(ids(&model, "abab"), [4, 4]);
    assert_eq!(ids(&model, "bcb"), [5, 2]);
    assert!(ids(&model, "").is_empty());
}

#[test]
fn spaces_and_unknown_letters() {
    assert_eq!(ids(&tiny(true), "a a"), [8, 8]);
    assert_eq!(ids(&tiny(false), "a a"), [1, 8]);
    assert_eq!(ids(&tiny(false), "é"), [9 + 0xc3, 9 + 0xa9]);
    let spans: Vec<Span> = tiny(true).encode("aéa").pieces.iter().map(|p| p.span).collect();
    assert_eq!(
        spans,
        [Span::new(0, 1), Span::new(1, 3), Span::new(1, 3), Span::new(3, 4)]
    );
}

#[test]
fn bytes_become_characters_again_or_are_shown_as_wrong() {
    let model = tiny(true);
    let byte = |b: u8| 9 + u32::from(b);
    let decoded = model.decode(&[8, byte(0xc3), byte(0xa9), byte(0xc3), 8, 400]);
    assert_eq!(decoded.text, "aé\u{fffd} a ⁇ ");
    let parts: Vec<&str> = decoded.spans.iter().map(|s| s.of(&decoded.text)).collect();
    assert_eq!(parts, ["a", "é", "é", "\u{fffd}", " a", " ⁇ "]);
}

/// A unigram model file: unknown, and the letters a and b.
fn file(charsmap: &[u8]) -> Vec<u8> {
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut field = vec![number << 3 | 2, bytes.len() as u8];
        field.extend(bytes);
        field
    }
    let mut file = field(1, &[&field(1, b"<unk>")[..], &[0x18, 2]].concat());
    for letter in [b"a", b"b"] {
        file.extend(field(
            1,
            &[&field(1, letter)[..], &[0x15, 0, 0, 0x80, 0xbf]].concat(),
        ));
    }
    file.extend(field(3, &field(2, charsmap)));
    file
}

/// A table of characters: units, then texts.
fn table(units: &[u32], texts: &str) -> Vec<u8> {
    let mut blob = (units.len() as u32 * 4).to_le_bytes().to_vec();
    blob.extend(units.iter().flat_map(|u| u.to_le_bytes()));
    blob.extend(texts.bytes());
    blob
}

fn problem(file: &[u8]) -> String {
    SentencePiece::from_bytes(file).err().unwrap()
}

#[test]
fn a_table_of_characters_is_read_and_checked() {
    // The root's children begin at 2 (0 ^ 1 << 1 with offset 2); `\x01` leads to 3, whose children begin at 4.
    let leads = |offset: u32, label: u32, ends: bool| offset << 10 | u32::from(ends) << 8 | label;
    let good = [leads(2, 0, false), 0, 0, leads(7, 1, true), 1 << 31];
    let model = SentencePiece::from_bytes(&file(&table(&good, "b\0"))).unwrap();
    assert_eq!(ids(&model, "a\u{1}"), [0, 1, 2]);
    let circle = [leads(2, 0, false), 0, 0, leads(1, 1, false), 0];
    assert!(problem(&file(&table(&circle, "b\0"))).contains("circle"));
    let mut away = good;
    away[4] |= 77;
    assert!(problem(&file(&table(&away, "b\0"))).contains("out of the file"));
    let mut cut = table(&good, "b\0");
    cut[0] += 1;
    assert!(problem(&file(&cut)).contains("not whole"));
}
