//! What a model is loaded from: its own files, or the quantised copy of them, which is made when it is needed first.

use crate::cli::Quantising;
use crate::cli::console::Console;
use crate::cli::engines::spec;
use crate::cli::settings::Settings;
use crate::error::Result;
use crate::neural::{self, LoadSpec, Quantise, Quantiser};
use crate::progress::Progress;
use crate::registry::{Form, Installed, Store};

/// Where the loader finds the files of a model, quantised as the user or its manifest wants it.
///
/// # Errors
/// If the copy cannot be made: a broken file, a full disk, Ctrl-C.
pub fn quantised(
    installed: &Installed,
    settings: &Settings,
    store: &Store,
    console: &Console,
) -> Result<LoadSpec> {
    let mut spec = spec(installed, settings);
    let Some(form) = wanted(installed, settings) else {
        return Ok(spec);
    };
    let architecture = &installed.manifest.architecture;
    let to = match form {
        Form::Q4K => Quantise::Q4K,
        Form::Q8_0 => Quantise::Q8_0,
    };
    if neural::is_encoder_decoder(architecture) {
        // students are in integers of their own already; the others are small enough to be quantised at each load
        spec.quantise = spec.vocabularies.is_none().then_some(to);
        return Ok(spec);
    }
    if spec
        .weights
        .iter()
        .any(|path| path.extension().is_some_and(|e| e == "gguf"))
    {
        if settings.quantise.is_some() {
            console.note(&format!(
                "{}: GGUF files are used as they are; --quantise is for safetensors",
                installed.id()
            ));
        }
        return Ok(spec);
    }
    let place = store.quantised(installed, form.name());
    let made = place.ensure(
        console,
        || Quantiser::open(&spec, to).map(|quantiser| quantiser.bytes()),
        |path, mark| {
            console.stage(&format!("quantising {} to {}", installed.id(), form.name()));
            let mut told = 0;
            Quantiser::open(&spec, to)?.write(path, mark, &mut |done, total| {
                let tenths = 10 * done / total.max(1);
                if tenths > told {
                    told = tenths;
                    console.step(10 * tenths as usize, 100);
                }
            })
        },
    )?;
    spec.quantised = Some(made);
    console.stage(&format!("loading {}", installed.id()));
    Ok(spec)
}

/// The form that the user or the manifest names.
fn wanted(installed: &Installed, settings: &Settings) -> Option<Form> {
    match settings.quantise {
        Some(Quantising::Q4K) => Some(Form::Q4K),
        Some(Quantising::Q8_0) => Some(Form::Q8_0),
        Some(Quantising::None) => None,
        None => installed.manifest.quantise,
    }
}
