//! The file of a SentencePiece model: a protocol buffer (`ModelProto` in `sentencepiece_model.proto`).
//!
//! Only the fields that encoding and decoding depend on are read. Lengths are checked before anything is taken, so
//! what is read never exceeds the file.

use std::collections::HashSet;
use std::path::Path;

use super::byte_of;
use crate::error::{Error, Result as Loaded};
use crate::neural::gguf::broken;

/// The library reads no longer pieces.
const LONGEST_PIECE: usize = 8000;
/// No vocabulary comes near this many pieces.
const MOST_PIECES: usize = 1 << 24;

/// What a piece is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Unknown,
    /// Not part of any text.
    Control,
    /// Taken whole wherever the text has it.
    UserDefined,
    /// Known, but never comes out of text.
    Unused,
    /// One byte, spelled `<0x0A>`.
    Byte,
}

impl Kind {
    pub(crate) fn from_number(number: u64) -> Option<Self> {
        Some(match number {
            1 => Self::Normal,
            2 => Self::Unknown,
            3 => Self::Control,
            4 => Self::UserDefined,
            5 => Self::Unused,
            6 => Self::Byte,
            _ => return None,
        })
    }

    /// Whether it may be a part of a text under its own spelling.
    pub(crate) fn is_plain(self) -> bool {
        matches!(self, Self::Normal | Self::UserDefined | Self::Unused)
    }
}

/// One entry of the vocabulary; its place is its id.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) score: f32,
    pub(crate) kind: Kind,
}

/// How text is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Unigram,
    Bpe,
}

/// A normalizer as the file has it.
#[derive(Clone, Debug)]
pub(crate) struct NormalizerSpec {
    pub(crate) charsmap: Vec<u8>,
    pub(crate) add_dummy_prefix: bool,
    pub(crate) remove_extra_whitespaces: bool,
    pub(crate) escape_whitespaces: bool,
}

impl Default for NormalizerSpec {
    fn default() -> Self {
        Self {
            charsmap: Vec::new(),
            add_dummy_prefix: true,
            remove_extra_whitespaces: true,
            escape_whitespaces: true,
        }
    }
}

/// What the file holds.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) algorithm: Algorithm,
    /// Unknown characters are spelled in bytes.
    pub(crate) byte_fallback: bool,
    /// The id of what is no piece.
    pub(crate) unknown: u32,
    /// The space that is added goes behind the text, not before it.
    pub(crate) space_last: bool,
    /// What an unknown piece decodes to.
    pub(crate) unknown_surface: String,
    pub(crate) normalizer: NormalizerSpec,
    pub(crate) denormalizer: Option<NormalizerSpec>,
}

/// A field's value.
enum Value<'f> {
    Number(u64),
    Bytes(&'f [u8]),
    Float(f32),
    /// Eight bytes: no field that is read has them.
    Other,
}

/// The fields of a message, one after the other.
struct Fields<'f> {
    rest: &'f [u8],
}

const CUT_SHORT: &str = "it ends in the middle of a field";

impl<'f> Fields<'f> {
    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(CUT_SHORT)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("a number in it is longer than numbers are".to_owned())
    }

    fn take(&mut self, length: u64) -> Result<&'f [u8], String> {
        let length = usize::try_from(length).map_err(|_| CUT_SHORT)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(CUT_SHORT)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next field's number and value.
    fn next(&mut self) -> Result<Option<(u64, Value<'f>)>, String> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Number(self.varint()?),
            1 => {
                self.take(8)?;
                Value::Other
            }
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => {
                let bytes = self.take(4)?.try_into().map_err(|_| CUT_SHORT)?;
                Value::Float(f32::from_le_bytes(bytes))
            }
            _ => return Err("it is no SentencePiece model".to_owned()),
        };
        match key >> 3 {
            0 => Err("it is no SentencePiece model".to_owned()),
            number => Ok(Some((number, value))),
        }
    }
}

/// Calls `field` on each field of `message`.
fn each<'f>(
    message: &'f [u8],
    mut field: impl FnMut(u64, Value<'f>) -> Result<(), String>,
) -> Result<(), String> {
    let mut fields = Fields { rest: message };
    while let Some((number, value)) = fields.next()? {
        field(number, value)?;
    }
    Ok(())
}

impl Model {
    /// Reads a file.
    ///
    /// # Errors
    /// As [`super::SentencePiece::open`].
    pub(crate) fn open(path: &Path) -> Loaded<Self> {
        let file = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        Self::parse(&file).map_err(|problem| broken(path, &problem))
    }

    /// Reads the bytes of a whole file.
    ///
    /// # Errors
    /// What is wrong with it, as the second half of a sentence.
    pub(crate) fn parse(file: &[u8]) -> Result<Self, String> {
        let mut model = Self {
            pieces: Vec::new(),
            algorithm: Algorithm::Unigram,
            byte_fallback: false,
            unknown: 0,
            space_last: false,
            unknown_surface: " \u{2047} ".to_owned(),
            normalizer: NormalizerSpec::default(),
            denormalizer: None,
        };
        each(file, |number, value| {
            match (number, value) {
                (1, Value::Bytes(message)) => model.pieces.push(piece(message)?),
                (2, Value::Bytes(message)) => model.trainer(message)?,
                (3, Value::Bytes(message)) => model.normalizer = normalizer(message)?,
                (5, Value::Bytes(message)) => model.denormalizer = Some(normalizer(message)?),
                (1..=5, Value::Number(_) | Value::Float(_) | Value::Other) => {
                    return Err("it is no SentencePiece model".to_owned());
                }
                _ => {}
            }
            Ok(())
        })?;
        model.unknown = check(&model)?;
        Ok(model)
    }

    fn trainer(&mut self, message: &[u8]) -> Result<(), String> {
        each(message, |number, value| {
            match (number, value) {
                (3, Value::Number(1)) => self.algorithm = Algorithm::Unigram,
                (3, Value::Number(2)) => self.algorithm = Algorithm::Bpe,
                (3, _) => return Err("it cuts neither by unigram nor by BPE".to_owned()),
                (24, Value::Number(on)) => self.space_last = on != 0,
                (35, Value::Number(on)) => self.byte_fallback = on != 0,
                (44, Value::Bytes(text)) => self.unknown_surface = string(text)?,
                _ => {}
            }
            Ok(())
        })
    }
}

fn string(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "a text in it is no UTF-8".to_owned())
}

fn piece(message: &[u8]) -> Result<Piece, String> {
    let mut piece = Piece {
        text: String::new(),
        score: 0.0,
        kind: Kind::Normal,
    };
    each(message, |number, value| {
        match (number, value) {
            (1, Value::Bytes(text)) => piece.text = string(text)?,
            (2, Value::Float(score)) if score.is_finite() => piece.score = score,
            (3, Value::Number(kind)) => {
                piece.kind = Kind::from_number(kind).ok_or("a piece in it is of an unknown kind")?;
            }
            (1..=3, _) => return Err("a piece in it cannot be read".to_owned()),
            _ => {}
        }
        Ok(())
    })?;
    Ok(piece)
}

fn normalizer(message: &[u8]) -> Result<NormalizerSpec, String> {
    let mut spec = NormalizerSpec::default();
    each(message, |number, value| {
        match (number, value) {
            (2, Value::Bytes(map)) => spec.charsmap = map.to_vec(),
            (3, Value::Number(on)) => spec.add_dummy_prefix = on != 0,
            (4, Value::Number(on)) => spec.remove_extra_whitespaces = on != 0,
            (5, Value::Number(on)) => spec.escape_whitespaces = on != 0,
            _ => {}
        }
        Ok(())
    })?;
    Ok(spec)
}

/// The id of the unknown piece, if the library would take these pieces together.
fn check(model: &Model) -> Result<u32, String> {
    let mut seen = HashSet::with_capacity(model.pieces.len());
    let mut unknown = None;
    let mut bytes = 0;
    if model.pieces.len() > MOST_PIECES {
        return Err("it has more pieces than any vocabulary".to_owned());
    }
    for (piece, id) in model.pieces.iter().zip(0u32..) {
        let text = piece.text.as_str();
        if text.is_empty() || text.len() >= LONGEST_PIECE || text.contains('\0') {
            return Err(format!("piece {id} is empty, too long or has a NUL in it"));
        }
        if !seen.insert((text, piece.kind.is_plain())) {
            return Err(format!("it has the piece `{text}` twice"));
        }
        match piece.kind {
            Kind::Unknown if unknown.replace(id).is_some() => {
                return Err("it has several unknown pieces".to_owned());
            }
            Kind::Byte if !model.byte_fallback || byte_of(text).is_none() => {
                return Err(format!("the piece `{text}` is no byte, or there should be none"));
            }
            Kind::Byte => bytes += 1,
            _ => {}
        }
    }
    if model.byte_fallback && bytes != 256 {
        return Err("it lacks some of the 256 bytes".to_owned());
    }
    unknown.ok_or_else(|| "it has no unknown piece".to_owned())
}
