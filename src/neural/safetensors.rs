//! Reads safetensors files, one or several shards: a JSON header with the place of each tensor, then the tensors.
//!
//! The format: <https://huggingface.co/docs/safetensors>. Tensors are read one at a time, so that a model never
//! lies twice in memory.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use serde::Deserialize;

use super::gguf::{broken, unsupported};
use crate::error::{Error, Result};

/// Headers are some kilobytes; the format's own limit.
const MAX_HEADER: u64 = 100_000_000;

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

struct Place {
    shard: usize,
    dtype: DType,
    shape: Vec<usize>,
    start: u64,
    bytes: usize,
}

/// The tensors of a model, over all of its shards.
pub(crate) struct Safetensors {
    shards: Vec<(PathBuf, RefCell<File>)>,
    places: HashMap<String, Place>,
}

impl Safetensors {
    /// Opens the shards and reads their headers. An index file (`*.index.json`) among the shards is used to
    /// tell whether all shards are there.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self> {
        let mut this = Self {
            shards: Vec::new(),
            places: HashMap::new(),
        };
        let (indices, shards): (Vec<&PathBuf>, Vec<&PathBuf>) = paths
            .iter()
            .partition(|p| p.extension().is_some_and(|e| e == "json"));
        for path in shards {
            this.open_shard(path)?;
        }
        for index in indices {
            this.check_index(index)?;
        }
        Ok(this)
    }

    fn open_shard(&mut self, path: &Path) -> Result<()> {
        let mut file = File::open(path).map_err(|e| Error::io(path, e))?;
        let size = file.metadata().map_err(|e| Error::io(path, e))?.len();
        let mut length = [0u8; 8];
        file.read_exact(&mut length)
            .map_err(|_| broken(path, "this is not a safetensors file"))?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER || length > size.saturating_sub(8) {
            return Err(broken(path, "this is not a safetensors file, or it was cut off"));
        }
        let mut header = vec![0u8; length as usize];
        file.read_exact(&mut header).map_err(|e| Error::io(path, e))?;
        let entries: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(&header).map_err(|_| broken(path, "its header cannot be read"))?;
        let shard = self.shards.len();
        for (name, entry) in entries {
            if name == "__metadata__" {
                continue;
            }
            let place = place(path, &name, entry, shard, 8 + length, size)?;
            self.places.insert(name, place);
        }
        self.shards.push((path.to_owned(), RefCell::new(file)));
        Ok(())
    }

    fn check_index(&self, path: &Path) -> Result<()> {
        #[derive(Deserialize)]
        struct Index {
            weight_map: BTreeMap<String, String>,
        }
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        let index: Index =
            serde_json::from_slice(&bytes).map_err(|_| broken(path, "this index cannot be read"))?;
        match index
            .weight_map
            .iter()
            .find(|(name, _)| !self.places.contains_key(*name))
        {
            Some((name, shard)) => Err(broken(path, &format!("`{name}` is missing: is {shard} here?"))),
            None => Ok(()),
        }
    }

    /// The first shard, to name the model in messages.
    pub(crate) fn path(&self) -> &Path {
        self.shards
            .first()
            .map_or(Path::new("the model"), |(path, _)| path)
    }

    /// Whether there is a tensor of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The names of all tensors.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// The type of a tensor as stored.
    pub(crate) fn dtype(&self, name: &str) -> Option<DType> {
        self.places.get(name).map(|p| p.dtype)
    }

    /// Reads a tensor of whatever shape it has, as `dtype`.
    pub(crate) fn stored(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        let shape = self.places.get(name).map(|p| p.shape.clone()).unwrap_or_default();
        self.tensor(name, &shape, dtype, device)
    }

    /// Reads a tensor that must have `shape`, as `dtype`.
    pub(crate) fn tensor(
        &self,
        name: &str,
        shape: &[usize],
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        let place = self
            .places
            .get(name)
            .ok_or_else(|| broken(self.path(), &format!("the tensor `{name}` is missing")))?;
        let (path, file) = &self.shards[place.shard];
        if place.shape != shape {
            let found = &place.shape;
            return Err(broken(
                path,
                &format!("the tensor `{name}` has the shape {found:?}, not {shape:?}"),
            ));
        }
        let mut file = file.borrow_mut();
        file.seek(SeekFrom::Start(place.start))
            .map_err(|e| Error::io(path, e))?;
        let tensor = if place.dtype == DType::F32 {
            let values = numbers(&mut file, place.bytes).map_err(|e| Error::io(path, e))?;
            Tensor::from_vec(values, shape, device)?
        } else {
            let mut data = vec![0u8; place.bytes];
            file.read_exact(&mut data).map_err(|e| Error::io(path, e))?;
            Tensor::from_raw_buffer(&data, place.dtype, shape, device)?
        };
        Ok(tensor.to_dtype(dtype)?)
    }
}

/// Numbers of 32 bits, a stretch at a time: large word vectors never lie in memory twice.
fn numbers(file: &mut File, bytes: usize) -> std::io::Result<Vec<f32>> {
    let mut values = Vec::with_capacity(bytes / 4);
    let mut buffer = vec![0u8; bytes.min(1 << 18)];
    let mut left = bytes;
    while left > 0 {
        let length = left.min(buffer.len());
        let stretch = &mut buffer[..length];
        file.read_exact(stretch)?;
        values.extend(stretch.as_chunks::<4>().0.iter().map(|n| f32::from_le_bytes(*n)));
        left -= length;
    }
    Ok(values)
}

fn place(
    path: &Path,
    name: &str,
    entry: serde_json::Value,
    shard: usize,
    data: u64,
    size: u64,
) -> Result<Place> {
    let entry: Entry = serde_json::from_value(entry)
        .map_err(|_| broken(path, &format!("the entry of `{name}` cannot be read")))?;
    let dtype = match entry.dtype.as_str() {
        "F32" => DType::F32,
        "F16" => DType::F16,
        "BF16" => DType::BF16,
        "I64" => DType::I64,
        other => return Err(unsupported(path, name, &format!("the number type {other}"))),
    };
    let (start, end) = entry.data_offsets;
    let bytes = entry
        .shape
        .iter()
        .try_fold(dtype.size_in_bytes(), |n, d| n.checked_mul(*d));
    let held = data.checked_add(end).is_some_and(|end| end <= size);
    match bytes {
        Some(bytes) if held && end.checked_sub(start) == Some(bytes as u64) => Ok(Place {
            shard,
            dtype,
            shape: entry.shape,
            start: data + start,
            bytes,
        }),
        _ => Err(broken(path, &format!("the file ends before the tensor `{name}`"))),
    }
}
