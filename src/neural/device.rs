//! Where tensors live and how many threads work on them.

use std::fmt;
use std::str::FromStr;

use candle_core::Device;

use crate::error::{Error, Result};

/// The device that the user asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The best device that this build and this machine have.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA GPU by its number.
    Cuda(usize),
    /// An Apple GPU.
    Metal,
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::usage(format!("`{text}` is not a device"))
                .with_hint("use auto, cpu, cuda, cuda:N (the number of the GPU) or metal")
        };
        match text.to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            "metal" => Ok(Self::Metal),
            other => other
                .strip_prefix("cuda:")
                .and_then(|n| n.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(wrong),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(n) => write!(f, "cuda:{n}"),
            Self::Metal => f.write_str("metal"),
        }
    }
}

impl DeviceChoice {
    /// The device itself. `Auto` takes a GPU if this build can use one and the machine has one, else the processor.
    ///
    /// # Errors
    /// [`Error::Usage`] if this build has no support for the device; [`Error::Failed`] if the device does not answer.
    pub fn resolve(self) -> Result<Device> {
        match self {
            Self::Auto => Ok(automatic()),
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(number) => {
                supported(cfg!(feature = "cuda"), "cuda", "an NVIDIA GPU")?;
                Device::new_cuda(number).map_err(|e| unavailable(self, e))
            }
            Self::Metal => {
                supported(cfg!(feature = "metal"), "metal", "an Apple GPU")?;
                Device::new_metal(0).map_err(|e| unavailable(self, e))
            }
        }
    }
}

/// From now on, kernels on the processor use no instructions past AVX2, so that a benchmark on a processor with more can
/// time what others would do. False if something has been computed before.
#[doc(hidden)]
#[must_use]
pub fn hold_to_avx2() -> bool {
    super::instructions::Path::hold_to_avx2()
}

fn automatic() -> Device {
    if cfg!(feature = "cuda")
        && let Ok(device) = Device::new_cuda(0)
    {
        return device;
    }
    if cfg!(feature = "metal")
        && let Ok(device) = Device::new_metal(0)
    {
        return device;
    }
    Device::Cpu
}

fn supported(built: bool, feature: &str, what: &str) -> Result<()> {
    if built {
        return Ok(());
    }
    Err(
        Error::usage(format!("this build of byline cannot use {what}")).with_hint(format!(
            "build it with `cargo build --release --features {feature}`, or use --device cpu"
        )),
    )
}

fn unavailable(choice: DeviceChoice, error: candle_core::Error) -> Error {
    let reason = match Error::from(error) {
        Error::Failed { message, .. } => message,
        other => other.to_string(),
    };
    Error::failed(format!("device {choice} does not answer: {reason}"))
        .with_hint("`byline doctor` shows what works here; --device cpu always does")
}

/// A device in a word or two, for people.
pub fn describe(device: &Device) -> &'static str {
    match device {
        Device::Cpu => "cpu",
        Device::Cuda(_) => "cuda",
        Device::Metal(_) => "metal",
    }
}

/// What decoders compute in on a device, for people.
pub fn precision(device: &Device) -> &'static str {
    match device {
        Device::Cpu => "f32",
        Device::Cuda(_) | Device::Metal(_) => "the type of the weights, in f32 if they are quantised",
    }
}

/// The threads that tensor operations use.
pub fn threads() -> usize {
    candle_core::utils::get_num_threads()
}

/// Sets the number of threads of all tensor operations. Call it once, at the start of `main`, before any
/// other thread is started and before the first tensor: candle reads the variables when it makes its pools.
///
/// # Errors
/// [`Error::Usage`] if `threads` is 0.
pub fn set_threads(threads: usize) -> Result<()> {
    if threads == 0 {
        return Err(Error::usage("--threads must be at least 1"));
    }
    for variable in ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS"] {
        // SAFETY: the caller is `main` before it starts a thread, so nobody reads the environment meanwhile.
        #[allow(unsafe_code)]
        unsafe {
            std::env::set_var(variable, threads.to_string());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_form_is_read_and_written() {
        for (text, choice) in [
            ("auto", DeviceChoice::Auto),
            ("CPU", DeviceChoice::Cpu),
            ("cuda", DeviceChoice::Cuda(0)),
            ("cuda:3", DeviceChoice::Cuda(3)),
            ("metal", DeviceChoice::Metal),
        ] {
            let read: DeviceChoice = text.parse().unwrap();
            assert_eq!(read, choice);
            assert_eq!(read.to_string().parse::<DeviceChoice>().unwrap(), choice);
        }
    }

    #[test]
    fn an_unknown_device_is_a_usage_error_that_lists_the_known() {
        for text in ["gpu", "cuda:", "cuda:x", "cuda:-1", ""] {
            let error = text.parse::<DeviceChoice>().unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.hint().unwrap().contains("cuda:N"));
        }
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_build_without_cuda_says_how_to_get_it() {
        let error = DeviceChoice::Cuda(0).resolve().unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.hint().unwrap().contains("--features cuda"));
    }
}
