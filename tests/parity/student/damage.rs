//! Broken, cut and foreign containers: one line that names the file, no panic, no memory on the word of a header.

use byline::error::Error;
use byline::neural::{Arithmetic, Special, Student};
use proptest::prelude::*;

use super::random::{self, BYTES, FLOAT, Item, Stored, container, items};
use super::{SMALL, Shape};
use crate::damage::assert_clear;

/// A few kilobytes, so that thousands of files are written in a second.
const SMALLEST: Shape = Shape {
    width: 8,
    encoder: 1,
    decoder: 1,
    inner: 8,
    source: 10,
    target: 10,
    ..SMALL
};

fn model() -> Vec<Item> {
    items(SMALLEST, Stored::Integers, 31)
}

/// Loads a file with these bytes; an error must be clear.
fn load(bytes: &[u8]) -> Result<Student, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("student.bin");
    std::fs::write(&path, bytes).unwrap();
    let loaded = Student::load(&path, &Arithmetic::Integers, Special::default());
    if let Err(error) = &loaded {
        assert_clear(error, "student.bin");
    }
    loaded
}

#[test]
fn a_whole_file_is_loaded() {
    load(&container(&model())).unwrap();
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    let whole = container(&model());
    for length in (0..whole.len()).step_by(61).chain([whole.len() - 1]) {
        assert!(load(&whole[..length]).is_err(), "cut at {length}");
    }
}

#[test]
fn a_missing_item_is_named() {
    let items = model();
    for missing in 0..items.len() {
        let mut rest = items.clone();
        let item = rest.remove(missing);
        let message = load(&container(&rest)).err().unwrap().to_string();
        // without its vectors in one, the file is looked through for vectors in two
        let named = item.name == "Wemb" && message.contains("decoder_Wemb")
            || item.name == "none_QuantMultA" && message.contains("decoder_Wemb_QuantMultA");
        assert!(
            named || message.contains(&item.name),
            "{message} does not name {}",
            item.name
        );
    }
}

#[test]
fn items_of_other_shapes_and_types_are_named() {
    for (name, change) in [
        (
            "encoder_l1_self_Wq",
            (|i: &mut Item| i.shape = vec![8, 9]) as fn(&mut Item),
        ),
        ("encoder_l1_self_Wq", |i| i.kind = 0x4102),
        ("encoder_l1_self_Wq", |i| i.data.truncate(60)),
        ("encoder_l1_self_Wq", |i| {
            i.data[64..68].copy_from_slice(&f32::NAN.to_le_bytes());
        }),
        ("encoder_l1_self_Wq", |i| i.data[9] = 0x80),
        ("encoder_l1_self_Wq_QuantMultA", |i| i.data.fill(0)),
        ("encoder_l1_self_bq", |i| i.kind = BYTES),
        ("encoder_l1_self_bq", |i| {
            i.data[..4].copy_from_slice(&f32::INFINITY.to_le_bytes());
        }),
        ("decoder_l1_rnn_ffn_ln_scale", |i| i.shape = vec![8, 1]),
        ("Wemb", |i| i.shape = vec![80]),
        ("Wemb", |i| i.shape = vec![i32::MAX, 8]),
        ("Wemb", |i| i.kind = FLOAT),
    ] {
        let mut items = model();
        items.iter_mut().filter(|i| i.name == name).for_each(change);
        let error = load(&container(&items)).err().unwrap();
        assert!(
            error.to_string().contains(name) || error.to_string().contains("shape"),
            "{error}"
        );
    }
}

#[test]
fn a_name_that_comes_twice_is_refused() {
    let mut items = model();
    items.push(items[0].clone());
    assert!(
        load(&container(&items))
            .err()
            .unwrap()
            .to_string()
            .contains("twice")
    );
}

#[test]
fn other_files_are_refused() {
    load(b"").err().unwrap();
    load(&b"KYIV: this is an article, not a model.\n".repeat(50))
        .err()
        .unwrap();
    load(&random::vocabulary(400)).err().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A number of the head becomes another: a count, a length, a type, a dimension.
    #[test]
    fn no_head_is_a_panic_or_fills_the_memory(place in 0usize..600, number: u64, shift in 0u32..64) {
        let mut file = container(&model());
        file[place * 8..][..8].copy_from_slice(&(number >> shift).to_le_bytes());
        let _ = load(&file);
    }

    #[test]
    fn no_byte_is_a_panic(places in prop::collection::vec((0usize..9000, any::<u8>()), 1..9)) {
        let mut file = container(&model());
        for (place, byte) in places {
            let place = place % file.len();
            file[place] = byte;
        }
        let _ = load(&file);
    }

    #[test]
    fn no_settings_are_a_panic(text in "[a-z0-9:\\- \\[\\]\n\"]{0,200}") {
        let mut items = model();
        for item in items.iter_mut().filter(|i| i.kind == BYTES) {
            let old = String::from_utf8_lossy(&item.data).into_owned();
            item.data = format!("{text}\n{old}").into_bytes();
            item.shape = vec![item.data.len() as i32];
        }
        let _ = load(&container(&items));
    }
}
