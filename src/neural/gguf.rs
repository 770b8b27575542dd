//! Reads GGUF files: a header of typed metadata and tensor places, then the tensors.
//!
//! In: a path. Out: metadata by key, tensors by name. What always holds: nothing is allocated on the word of
//! the header alone; a count, a length or an offset that the file cannot hold is an error that names the file.
//!
//! The format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use candle_core::Device;
use candle_core::quantized::{GgmlDType, QStorage, QTensor};

use super::blocks::{Blocks, Kind};
use super::mapped::{Bytes, Mapped};
use crate::error::{Error, Result};

/// The four bytes that a GGUF file begins with.
pub(crate) const MAGIC: &[u8; 4] = b"GGUF";
/// Arrays of arrays deeper than this are refused; the format's own keys use one level.
const MAX_DEPTH: usize = 4;

/// A metadata value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Any integer type and bool (0 or 1).
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    Texts(Vec<String>),
    Ints(Vec<i64>),
    Floats(Vec<f32>),
    /// An array of arrays; only its presence is of interest.
    Nested,
}

/// Where a tensor lies and what it is.
#[derive(Clone, Debug)]
struct Place {
    dtype: u32,
    /// Outermost dimension first, as candle has them.
    shape: Vec<usize>,
    /// From the start of the file.
    offset: u64,
}

type Metadata = HashMap<String, Value>;
type Places = HashMap<String, Place>;

/// An open GGUF file.
pub(crate) struct Gguf {
    path: PathBuf,
    file: File,
    map: Mapped,
    size: u64,
    metadata: Metadata,
    places: Places,
}

impl Gguf {
    /// Opens a file and reads its header.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io(path, e))?;
        let size = file.metadata().map_err(|e| Error::io(path, e))?.len();
        let mut header = Header {
            reader: BufReader::with_capacity(1 << 16, &file),
            at: 0,
            size,
            version: 0,
        };
        let (metadata, places) = header.read().map_err(|problem| broken(path, &problem))?;
        Ok(Self {
            map: Mapped::new(&file, path)?,
            path: path.to_owned(),
            file,
            size,
            metadata,
            places,
        })
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A metadata value.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.metadata.get(key)
    }

    /// A count or a length that must be there and be positive.
    pub(crate) fn size_of(&self, key: &str) -> Result<usize> {
        match self.get(key) {
            Some(Value::Int(n)) if *n > 0 && *n <= i64::from(u32::MAX) => Ok(*n as usize),
            Some(value) => Err(broken(&self.path, &format!("`{key}` is {}", brief(value)))),
            None => Err(broken(&self.path, &format!("the key `{key}` is missing"))),
        }
    }

    /// An integer that may be absent.
    pub(crate) fn int(&self, key: &str) -> Option<i64> {
        match self.get(key) {
            Some(Value::Int(n)) => Some(*n),
            _ => None,
        }
    }

    /// A number that may be absent.
    pub(crate) fn float(&self, key: &str) -> Option<f64> {
        match self.get(key) {
            Some(Value::Float(x)) => Some(*x),
            Some(Value::Int(n)) => Some(*n as f64),
            _ => None,
        }
    }

    /// A switch that may be absent.
    pub(crate) fn bool(&self, key: &str) -> Option<bool> {
        match self.get(key) {
            Some(Value::Bool(b)) => Some(*b),
            _ => None,
        }
    }

    /// A text that may be absent.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether there is a tensor of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The names of all tensors.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// Reads a tensor that must have `shape` (outermost dimension first).
    pub(crate) fn tensor(&self, name: &str, shape: &[usize], device: &Device) -> Result<QTensor> {
        let rows = shape.first().copied().unwrap_or(0);
        self.rows(name, shape, 0..rows, device)
    }

    /// Reads `rows` (of the outermost dimension) of a tensor that must have `shape`.
    pub(crate) fn rows(
        &self,
        name: &str,
        shape: &[usize],
        rows: Range<usize>,
        device: &Device,
    ) -> Result<QTensor> {
        let (offset, bytes, dtype) = self.place(name, shape)?;
        let row = bytes / shape.first().copied().unwrap_or(1).max(1);
        let whole = shape.len() < 2 || rows.len() == shape[0];
        if !whole && row * shape[0] != bytes {
            return Err(broken(
                &self.path,
                &format!("the rows of the tensor `{name}` are no whole blocks"),
            ));
        }
        let mut data = vec![0u8; if whole { bytes } else { row * rows.len() }];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset + (row * rows.start) as u64))
            .and_then(|_| file.read_exact(&mut data))
            .map_err(|e| Error::io(&self.path, e))?;
        let storage = QStorage::from_data(Cow::Owned(data), device, dtype)?;
        let mut shape = shape.to_vec();
        if !whole {
            shape[0] = rows.len();
        }
        Ok(QTensor::new(storage, shape)?)
    }

    /// The blocks of `rows` of a matrix that must be of `(outputs, inputs)`, where they lie in the file; none if it has
    /// blocks of a kind that candle alone multiplies.
    pub(crate) fn blocks(
        &self,
        name: &str,
        (outputs, inputs): (usize, usize),
        rows: Range<usize>,
    ) -> Result<Option<Blocks>> {
        let (offset, bytes, dtype) = self.place(name, &[outputs, inputs])?;
        let Some(kind) = Kind::of(dtype) else {
            return Ok(None);
        };
        let (start, row) = (usize::try_from(offset).unwrap_or(usize::MAX), bytes / outputs);
        let range = start.saturating_add(row * rows.start)..start.saturating_add(row * rows.end);
        let bytes = Bytes::mapped(&self.map, range);
        match bytes.and_then(|bytes| Blocks::new(kind, bytes, rows.len(), inputs)) {
            Some(blocks) => Ok(Some(blocks)),
            None => Err(broken(
                &self.path,
                &format!("the rows of the tensor `{name}` are no whole blocks"),
            )),
        }
    }

    /// Where a tensor that must have `shape` begins, how many bytes it has, and their kind.
    fn place(&self, name: &str, shape: &[usize]) -> Result<(u64, usize, GgmlDType)> {
        let place = self
            .places
            .get(name)
            .ok_or_else(|| broken(&self.path, &format!("the tensor `{name}` is missing")))?;
        if place.shape != shape {
            let (found, wanted) = (&place.shape, shape);
            return Err(broken(
                &self.path,
                &format!("the tensor `{name}` has the shape {found:?}, not {wanted:?}"),
            ));
        }
        let dtype = dtype(place.dtype).map_err(|kind| unsupported(&self.path, name, &kind))?;
        let elements = checked_product(shape).filter(|n| n.is_multiple_of(dtype.block_size()));
        let bytes = elements.and_then(|n| (n / dtype.block_size()).checked_mul(dtype.type_size()));
        let fits = |bytes: &usize| {
            place
                .offset
                .checked_add(*bytes as u64)
                .is_some_and(|end| end <= self.size)
        };
        match bytes.filter(fits) {
            Some(bytes) => Ok((place.offset, bytes, dtype)),
            None => Err(broken(
                &self.path,
                &format!("the file ends before the tensor `{name}`"),
            )),
        }
    }

    /// The shape of a tensor, outermost dimension first.
    pub(crate) fn shape(&self, name: &str) -> Result<&[usize]> {
        self.places
            .get(name)
            .map(|p| p.shape.as_slice())
            .ok_or_else(|| broken(&self.path, &format!("the tensor `{name}` is missing")))
    }
}

/// An error about a model's file that is not what it should be.
pub(crate) fn broken(path: &Path, problem: &str) -> Error {
    Error::failed(format!(
        "{}: {problem}; the file is damaged or not whole",
        path.display()
    ))
    .with_hint("check it with `byline models verify ID`, and get it again with `byline models pull ID`")
}

/// An error about a model's file that is whole but asks for what is not implemented.
pub(crate) fn unsupported(path: &Path, name: &str, kind: &str) -> Error {
    Error::failed(format!(
        "{}: `{name}` asks for {kind}, which byline does not implement",
        path.display()
    ))
    .with_hint("`byline models list` shows the models that work")
}

fn brief(value: &Value) -> String {
    match value {
        Value::Int(n) => n.to_string(),
        Value::Float(x) => x.to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Text(t) => format!("{:?}", t.chars().take(40).collect::<String>()),
        _ => "an array".to_owned(),
    }
}

fn checked_product(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d))
}

/// The tensor types that candle computes with; the others by their name.
fn dtype(number: u32) -> Result<GgmlDType, String> {
    Ok(match number {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        10 => GgmlDType::Q2K,
        11 => GgmlDType::Q3K,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        16..=23 | 29 => return Err("an IQ quantisation".to_owned()),
        39 => return Err("the MXFP4 quantisation".to_owned()),
        _ => return Err(format!("tensor type {number}")),
    })
}

/// Reads the header front to back. Its errors are the problem alone; [`Gguf::open`] adds the file.
struct Header<R> {
    reader: R,
    at: u64,
    size: u64,
    version: u32,
}

type Problem = String;

impl<R: Read> Header<R> {
    fn read(&mut self) -> Result<(Metadata, Places), Problem> {
        let magic: [u8; 4] = self.bytes()?;
        if &magic != MAGIC {
            return Err("this is not a GGUF file (its first bytes are others)".to_owned());
        }
        self.version = self.u32()?;
        if !(1..=3).contains(&self.version) {
            return Err(format!("GGUF version {} is not known", self.version));
        }
        // Least bytes of a tensor's entry and of a key with its value.
        let tensors = self.count(24)?;
        let keys = self.count(13)?;
        let mut metadata = HashMap::new();
        for _ in 0..keys {
            let key = self.string()?;
            let kind = self.u32()?;
            let value = self.value(kind, 0)?;
            metadata.insert(key, value);
        }
        let mut places = HashMap::new();
        for _ in 0..tensors {
            let name = self.string()?;
            let place = self.place(&name)?;
            places.insert(name, place);
        }
        let alignment = match metadata.get("general.alignment") {
            None => 32,
            Some(Value::Int(n)) if *n > 0 && (*n as u64).is_power_of_two() => *n as u64,
            Some(_) => return Err("`general.alignment` is no power of two".to_owned()),
        };
        let start = self.at.div_ceil(alignment).saturating_mul(alignment);
        for place in places.values_mut() {
            place.offset = place.offset.saturating_add(start);
        }
        Ok((metadata, places))
    }

    fn place(&mut self, name: &str) -> Result<Place, Problem> {
        let rank = self.u32()?;
        if rank == 0 || rank > 4 {
            return Err(format!("the tensor `{name}` has {rank} dimensions"));
        }
        let mut shape = Vec::with_capacity(rank as usize);
        for _ in 0..rank {
            let dimension = self.length()?;
            shape.push(usize::try_from(dimension).map_err(|_| "a tensor is too large")?);
        }
        shape.reverse();
        if checked_product(&shape).is_none_or(|n| n == 0) {
            return Err(format!("the tensor `{name}` has the impossible shape {shape:?}"));
        }
        Ok(Place {
            dtype: self.u32()?,
            shape,
            offset: self.u64()?,
        })
    }

    fn value(&mut self, kind: u32, depth: usize) -> Result<Value, Problem> {
        Ok(match kind {
            0 => Value::Int(i64::from(self.bytes::<1>()?[0])),
            1 => Value::Int(i64::from(self.bytes::<1>()?[0] as i8)),
            2 => Value::Int(i64::from(u16::from_le_bytes(self.bytes()?))),
            3 => Value::Int(i64::from(i16::from_le_bytes(self.bytes()?))),
            4 => Value::Int(i64::from(self.u32()?)),
            5 => Value::Int(i64::from(i32::from_le_bytes(self.bytes()?))),
            6 => Value::Float(f64::from(f32::from_le_bytes(self.bytes()?))),
            7 => Value::Bool(self.bytes::<1>()?[0] != 0),
            8 => Value::Text(self.string()?),
            9 => self.array(depth)?,
            10 => Value::Int(i64::try_from(self.u64()?).map_err(|_| "a metadata number is out of range")?),
            11 => Value::Int(i64::from_le_bytes(self.bytes()?)),
            12 => Value::Float(f64::from_le_bytes(self.bytes()?)),
            _ => return Err(format!("metadata of the unknown type {kind}")),
        })
    }

    fn array(&mut self, depth: usize) -> Result<Value, Problem> {
        if depth >= MAX_DEPTH {
            return Err("metadata arrays are nested too deeply".to_owned());
        }
        let kind = self.u32()?;
        let least = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            9 => 8,
            8 if self.version == 1 => 4,
            _ => 8,
        };
        let count = self.count(least)?;
        if kind == 9 {
            for _ in 0..count {
                self.array(depth + 1)?;
            }
            return Ok(Value::Nested);
        }
        let mut texts = Vec::new();
        let mut ints = Vec::new();
        let mut floats = Vec::new();
        for _ in 0..count {
            match self.value(kind, depth)? {
                Value::Text(text) => texts.push(text),
                Value::Float(x) => floats.push(x as f32),
                Value::Int(n) => ints.push(n),
                Value::Bool(b) => ints.push(i64::from(b)),
                _ => return Err("metadata of an unknown type".to_owned()),
            }
        }
        Ok(match kind {
            8 => Value::Texts(texts),
            6 | 12 => Value::Floats(floats),
            _ => Value::Ints(ints),
        })
    }

    /// A count of things of at least `least` bytes each, which the rest of the file can hold.
    fn count(&mut self, least: u64) -> Result<u64, Problem> {
        let count = self.length()?;
        let left = self.size.saturating_sub(self.at);
        if count.saturating_mul(least) > left {
            return Err(format!(
                "its header counts {count} entries, more than the file can hold"
            ));
        }
        Ok(count)
    }

    fn string(&mut self) -> Result<String, Problem> {
        let length = self.count(1)? as usize;
        let mut bytes = vec![0u8; length];
        self.fill(&mut bytes)?;
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        // Vocabularies hold pieces of characters, which are no UTF-8; their text is never printed as it is.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Lengths are 32 bits wide in version 1, 64 afterwards.
    fn length(&mut self) -> Result<u64, Problem> {
        if self.version == 1 {
            Ok(u64::from(self.u32()?))
        } else {
            self.u64()
        }
    }

    fn u32(&mut self) -> Result<u32, Problem> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn u64(&mut self) -> Result<u64, Problem> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let mut bytes = [0u8; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Problem> {
        self.reader.read_exact(bytes).map_err(|e| {
            if e.kind() == std::io::ErrorKind::UnexpectedEof {
                "the file ends within its header".to_owned()
            } else {
                e.to_string()
            }
        })?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}
