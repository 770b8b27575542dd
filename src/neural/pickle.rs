//! Finds the tensors of PyTorch's own files (`pytorch_model.bin`): an archive of one pickle and the numbers of each
//! storage, or, before PyTorch 1.6, several pickles with the numbers after them.
//!
//! In: an open file. Out: the place of each tensor. What always holds: a pickle is read as data by candle's reader,
//! and nothing in it is ever executed; a place lies inside its storage, and the storage inside the file.
//!
//! The formats: `torch/serialization.py` of <https://github.com/pytorch/pytorch>.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use candle_core::DType;
use candle_core::pickle::{Object, Stack};

use super::gguf::{broken, unsupported};
use super::safetensors::Place;
use crate::error::Result;

/// What the form before 1.6 begins with: a pickle of PyTorch's magic number, and one of the protocol's.
const OLD: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e\x80\x02\x4d\xe9\x03\x2e";

/// The numbers of a storage, from the start of the file.
struct Storage {
    start: u64,
    bytes: u64,
}

/// A tensor as the pickle describes it.
struct Entry {
    name: String,
    class: String,
    storage: String,
    /// In numbers from the start of the storage.
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

/// The places of all tensors of a file that becomes the shard `shard`.
pub(super) fn places(path: &Path, file: &File, shard: usize) -> Result<Vec<(String, Place)>> {
    let (entries, storages) = read(file).map_err(|problem| broken(path, &problem))?;
    if entries.is_empty() {
        return Err(broken(path, "this PyTorch file holds no tensors by name"));
    }
    entries
        .into_iter()
        .map(|entry| place(path, entry, &storages, shard))
        .collect()
}

fn place(
    path: &Path,
    entry: Entry,
    storages: &HashMap<String, Storage>,
    shard: usize,
) -> Result<(String, Place)> {
    let name = entry.name;
    let dtype = match entry.class.as_str() {
        "FloatStorage" => DType::F32,
        "HalfStorage" => DType::F16,
        "BFloat16Storage" => DType::BF16,
        "LongStorage" => DType::I64,
        other => return Err(unsupported(path, &name, &format!("the number type {other}"))),
    };
    if !contiguous(&entry.shape, &entry.strides) {
        return Err(unsupported(path, &name, "a tensor that is not stored row by row"));
    }
    let size = dtype.size_in_bytes();
    let bytes = entry.shape.iter().try_fold(size, |n, d| n.checked_mul(*d));
    let skip = entry.offset.checked_mul(size);
    let (Some(bytes), Some(skip), Some(storage)) = (bytes, skip, storages.get(&entry.storage)) else {
        return Err(broken(path, &format!("the tensor `{name}` is missing")));
    };
    if (skip as u64)
        .checked_add(bytes as u64)
        .is_none_or(|end| end > storage.bytes)
    {
        return Err(broken(path, &format!("the file ends before the tensor `{name}`")));
    }
    let place = Place {
        shard,
        dtype,
        shape: entry.shape,
        start: storage.start + skip as u64,
        bytes,
    };
    Ok((name, place))
}

fn contiguous(shape: &[usize], strides: &[usize]) -> bool {
    let mut expected = 1usize;
    shape.len() == strides.len()
        && shape.iter().zip(strides).rev().all(|(&length, &stride)| {
            let fits = length == 1 || stride == expected;
            expected = expected.saturating_mul(length);
            fits
        })
}

/// What is wrong with a file, without its name.
type Problem = String;

type Contents = (Vec<Entry>, HashMap<String, Storage>);

fn read(file: &File) -> Result<Contents, Problem> {
    let size = file.metadata().map_err(|e| e.to_string())?.len();
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(0)).map_err(|e| e.to_string())?;
    if reader.fill_buf().map_err(|e| e.to_string())?.starts_with(OLD) {
        old(reader, size)
    } else {
        archive(reader, size)
    }
}

fn archive(reader: BufReader<&File>, size: u64) -> Result<Contents, Problem> {
    let mut zip = zip::ZipArchive::new(reader)
        .map_err(|_| "this is not a PyTorch file, or it was cut off".to_owned())?;
    let mut entries = Vec::new();
    let mut storages = HashMap::new();
    for index in 0..zip.len() {
        let part = zip.by_index(index).map_err(|e| e.to_string())?;
        let name = part.name().map_err(|e| e.to_string())?.into_owned();
        if name.ends_with("/data.pkl") {
            entries = tensors(unpickled(&mut BufReader::new(part))?);
        } else if let Some((_, key)) = name.split_once("/data/") {
            // PyTorch stores numbers as they are.
            if part.compressed_size() != part.size() {
                return Err(format!("its part `{name}` is compressed"));
            }
            let start = part
                .data_start()
                .ok_or_else(|| format!("its part `{name}` has no place"))?;
            let bytes = part.size();
            if start.checked_add(bytes).is_none_or(|end| end > size) {
                return Err(format!("the file ends before its part `{name}`"));
            }
            storages.insert(key.to_owned(), Storage { start, bytes });
        }
    }
    Ok((entries, storages))
}

fn old(mut reader: BufReader<&File>, size: u64) -> Result<Contents, Problem> {
    reader.consume(OLD.len());
    // What machine it was written on.
    unpickled(&mut reader)?;
    let entries = tensors(unpickled(&mut reader)?);
    let Object::List(keys) = unpickled(&mut reader)? else {
        return Err("its list of storages cannot be read".to_owned());
    };
    let sizes: HashMap<&str, u64> = entries
        .iter()
        .filter_map(|e| Some((e.storage.as_str(), width(&e.class)?)))
        .collect();
    let mut storages = HashMap::new();
    for key in keys {
        let key = key.unicode().map_err(|_| "a storage has no name".to_owned())?;
        let mut count = [0u8; 8];
        reader
            .read_exact(&mut count)
            .map_err(|_| "the file ends within its storages".to_owned())?;
        let width = sizes
            .get(key.as_str())
            .ok_or_else(|| "a storage belongs to no tensor".to_owned())?;
        let start = reader.stream_position().map_err(|e| e.to_string())?;
        let bytes = u64::from_le_bytes(count)
            .checked_mul(*width)
            .filter(|bytes| start.checked_add(*bytes).is_some_and(|end| end <= size))
            .ok_or_else(|| "the file ends within its storages".to_owned())?;
        let skip = i64::try_from(bytes).map_err(|_| "a storage is too large".to_owned())?;
        reader.seek_relative(skip).map_err(|e| e.to_string())?;
        storages.insert(key, Storage { start, bytes });
    }
    Ok((entries, storages))
}

/// Bytes of a number.
fn width(class: &str) -> Option<u64> {
    Some(match class {
        "FloatStorage" | "IntStorage" => 4,
        "DoubleStorage" | "LongStorage" => 8,
        "HalfStorage" | "BFloat16Storage" | "ShortStorage" => 2,
        "ByteStorage" | "CharStorage" | "BoolStorage" => 1,
        _ => return None,
    })
}

fn unpickled(reader: &mut impl BufRead) -> Result<Object, Problem> {
    let mut stack = Stack::empty();
    stack
        .read_loop(reader)
        .and_then(|()| stack.finalize())
        .map_err(|_| "its pickle cannot be read".to_owned())
}

/// The tensors of a state dictionary; what else lies in it is left out.
fn tensors(object: Object) -> Vec<Entry> {
    let object = match object {
        // An ordered dictionary with attributes of its own.
        Object::Build { callable, .. } => *callable,
        other => other,
    };
    match object {
        Object::Dict(pairs) => pairs.into_iter().filter_map(|(k, v)| entry(k, v)).collect(),
        _ => Vec::new(),
    }
}

/// `_rebuild_tensor_v2(storage, offset, size, stride, …)`, perhaps as a parameter.
fn entry(name: Object, value: Object) -> Option<Entry> {
    let (callable, args) = value.reduce().ok()?;
    let (_, function) = callable.class().ok()?;
    let mut args = args.tuple().ok()?.into_iter();
    match function.as_str() {
        "_rebuild_parameter" => return entry(name, args.next()?),
        "_rebuild_tensor_v2" => {}
        _ => return None,
    }
    let mut storage = args.next()?.persistent_load().ok()?.tuple().ok()?.into_iter();
    let offset = usize::try_from(args.next()?.int_or_long().ok()?).ok()?;
    let shape = Vec::<usize>::try_from(args.next()?).ok()?;
    let strides = Vec::<usize>::try_from(args.next()?).ok()?;
    // ("storage", its class, its key, …)
    let (_, class) = storage.nth(1)?.class().ok()?;
    Some(Entry {
        name: name.unicode().ok()?,
        class,
        storage: storage.next()?.unicode().ok()?,
        offset,
        shape,
        strides,
    })
}
