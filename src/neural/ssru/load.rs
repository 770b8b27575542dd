//! From Marian's container to a student's layers.

use std::path::Path;

use candle_core::{Device, Tensor};

use super::config::Config;
use super::layers::{Affine, Attention, FeedForward, Norm, Ssru, turned};
use super::{Arithmetic, DecoderLayer, Embedding, EncoderLayer};
use crate::error::Result;
use crate::neural::gguf::{broken, unsupported};
use crate::neural::int8::{MOST_INPUTS, Product};
use crate::neural::marian_bin::{Kind, MarianBin, Quantised};

/// An open model whose settings are understood.
pub(super) struct Loader<'a> {
    file: MarianBin,
    pub(super) config: Config,
    arithmetic: &'a Arithmetic,
}

/// The parts that read and write tokens.
pub(super) struct Words {
    /// None: source and target share one vocabulary, and the vectors of the output serve both.
    pub(super) source: Option<Embedding>,
    pub(super) target: Embedding,
    pub(super) output: Affine,
}

impl<'a> Loader<'a> {
    pub(super) fn open(path: &Path, arithmetic: &'a Arithmetic) -> Result<Self> {
        let file = MarianBin::open(path)?;
        let config = Config::parse(path, &file.settings()?)?;
        Ok(Self {
            file,
            config,
            arithmetic,
        })
    }

    /// Where floats are computed; the processor for integers' own vectors.
    fn device(&self) -> &Device {
        match self.arithmetic {
            Arithmetic::Integers => &Device::Cpu,
            Arithmetic::Floats(device) => device,
        }
    }

    pub(super) fn encoder(&self) -> Result<Vec<EncoderLayer>> {
        let layer = |number| {
            Ok(EncoderLayer {
                attention: self.attention(&format!("encoder_l{number}_self"))?,
                feed_forward: self.feed_forward(&format!("encoder_l{number}_ffn"), self.config.inner.0)?,
            })
        };
        (1..=self.config.encoder).map(layer).collect()
    }

    pub(super) fn decoder(&self) -> Result<Vec<DecoderLayer>> {
        let width = self.config.width;
        let layer = |number| {
            let name = format!("decoder_l{number}");
            Ok(DecoderLayer {
                unit: Ssru {
                    candidate: self.affine(&format!("{name}_rnn_W"), None, width, width)?,
                    forget: self.affine(
                        &format!("{name}_rnn_Wf"),
                        Some(&format!("{name}_rnn_bf")),
                        width,
                        width,
                    )?,
                    norm: self.norm(&format!("{name}_rnn_ffn"))?,
                },
                context: self.attention(&format!("{name}_context"))?,
                feed_forward: self.feed_forward(&format!("{name}_ffn"), self.config.inner.1)?,
            })
        };
        (1..=self.config.decoder).map(layer).collect()
    }

    fn attention(&self, name: &str) -> Result<Attention> {
        let width = self.config.width;
        let part = |letter: char| {
            let bias = format!("{name}_b{letter}");
            self.affine(&format!("{name}_W{letter}"), Some(&bias), width, width)
        };
        Ok(Attention {
            query: part('q')?,
            key: part('k')?,
            value: part('v')?,
            output: part('o')?,
            norm: self.norm(&format!("{name}_Wo"))?,
            heads: self.config.heads,
        })
    }

    fn feed_forward(&self, name: &str, inner: usize) -> Result<FeedForward> {
        let width = self.config.width;
        Ok(FeedForward {
            inner: self.affine(&format!("{name}_W1"), Some(&format!("{name}_b1")), width, inner)?,
            outer: self.affine(&format!("{name}_W2"), Some(&format!("{name}_b2")), inner, width)?,
            norm: self.norm(&format!("{name}_ffn"))?,
        })
    }

    fn norm(&self, name: &str) -> Result<Norm> {
        let part = |part: &str| {
            self.file
                .floats(&format!("{name}_ln_{part}"), &[1, self.config.width])
        };
        Ok(Norm {
            scale: part("scale")?,
            bias: part("bias")?,
        })
    }

    fn affine(&self, name: &str, bias: Option<&str>, inputs: usize, outputs: usize) -> Result<Affine> {
        let bias = match bias {
            Some(bias) => self.file.floats(bias, &[1, outputs])?,
            None => vec![0.0; outputs],
        };
        let shape = [inputs, outputs];
        if self.file.kind(name) == Some(Kind::Float) {
            let weights = self.file.floats(name, &shape)?;
            return self.in_floats(weights, shape, bias);
        }
        let weights = self.file.integers(name, &shape)?;
        match self.arithmetic {
            Arithmetic::Integers => {
                let alpha = self.alpha(&format!("{name}_QuantMultA"))?;
                self.in_integers(&weights, inputs, alpha, &bias)
            }
            Arithmetic::Floats(_) => {
                // the file has the integers turned
                let weights = turned(&dequantised(&weights), inputs);
                self.in_floats(weights, shape, bias)
            }
        }
    }

    fn in_integers(&self, weights: &Quantised, inputs: usize, alpha: f32, bias: &[f32]) -> Result<Affine> {
        if inputs > MOST_INPUTS {
            let problem = format!("{inputs} inputs");
            return Err(unsupported(self.file.path(), "a matrix", &problem));
        }
        Ok(Affine::Integer(Product::new(weights, inputs, alpha, bias)))
    }

    fn in_floats(&self, weights: Vec<f32>, shape: [usize; 2], bias: Vec<f32>) -> Result<Affine> {
        let device = self.device();
        let bias = Tensor::new(bias, device)?;
        let weights = Tensor::from_vec(weights, &shape, device)?;
        Ok(Affine::Float { weights, bias })
    }

    /// What activations are multiplied by.
    fn alpha(&self, name: &str) -> Result<f32> {
        let alpha = match self.file.kind(name) {
            Some(Kind::Intgemm8) => {
                let stored = self.file.integers(name, &[1])?;
                f32::from(stored.values.first().copied().unwrap_or_default()) / stored.multiplier
            }
            _ => self.file.floats(name, &[1])?.first().copied().unwrap_or_default(),
        };
        match alpha.is_finite() && alpha > 0.0 {
            true => Ok(alpha),
            false => Err(broken(self.file.path(), &format!("`{name}` is {alpha}"))),
        }
    }

    /// The vectors of the tokens; those of the target are the output layer's weights too.
    pub(super) fn words(&self) -> Result<Words> {
        let shared = self.file.has("Wemb");
        let name = if shared { "Wemb" } else { "decoder_Wemb" };
        let [rows, width] = self.rows(name)?;
        let bias = self.file.floats("decoder_ff_logit_out_b", &[1, rows])?;
        let source = match shared {
            true => None,
            false => Some(self.source()?),
        };
        if matches!(self.arithmetic, Arithmetic::Integers) && self.file.kind(name) != Some(Kind::Float) {
            let weights = self.file.integers(name, &[rows, width])?;
            let alpha = match self.file.has("none_QuantMultA") {
                true => "none_QuantMultA",
                false => "decoder_Wemb_QuantMultA",
            };
            return Ok(Words {
                source,
                target: Embedding::Output,
                output: self.in_integers(&weights, width, self.alpha(alpha)?, &bias)?,
            });
        }
        let vectors = self.vectors(name, rows)?;
        let output = turned(&vectors, width);
        Ok(Words {
            source,
            target: Embedding::Floats(vectors),
            output: self.in_floats(output, [width, rows], bias)?,
        })
    }

    fn source(&self) -> Result<Embedding> {
        const NAME: &str = "encoder_Wemb";
        let [rows, width] = self.rows(NAME)?;
        match self.file.kind(NAME) {
            Some(Kind::Intgemm8) => Ok(Embedding::Integers(self.file.integers(NAME, &[rows, width])?)),
            _ => Ok(Embedding::Floats(self.vectors(NAME, rows)?)),
        }
    }

    /// `(rows, width)`, row by row: word vectors are never stored turned.
    fn vectors(&self, name: &str, rows: usize) -> Result<Vec<f32>> {
        let shape = [rows, self.config.width];
        match self.file.kind(name) {
            Some(Kind::Float) => self.file.floats(name, &shape),
            _ => Ok(dequantised(&self.file.integers(name, &shape)?)),
        }
    }

    /// The shape of word vectors, which says how many tokens there are.
    fn rows(&self, name: &str) -> Result<[usize; 2]> {
        match *self.file.shape(name)? {
            [rows, width] if rows > 0 && width == self.config.width => Ok([rows, width]),
            ref shape => Err(broken(
                self.file.path(),
                &format!(
                    "`{name}` has the shape {shape:?}, not vectors of {}",
                    self.config.width
                ),
            )),
        }
    }
}

fn dequantised(weights: &Quantised) -> Vec<f32> {
    let inverse = 1.0 / weights.multiplier;
    weights.values.iter().map(|w| f32::from(*w) * inverse).collect()
}
