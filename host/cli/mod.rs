//! The command line: words in, a [`Command`] out.

#[cfg(feature = "authoring")]
mod authoring;
#[cfg(feature = "compiler")]
mod compile;
mod describe;
mod help;
#[cfg(feature = "image")]
mod image;
mod inspect;
mod kernels;
mod local;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;
use lexopt::prelude::*;

#[cfg(feature = "bench")]
use crate::bench::{self, Options};
use crate::contract::{Base, Settings, Vars};
use crate::failure::{Code, Failure};
use crate::process::Stop;
#[cfg(feature = "compiler")]
use crate::wasm::Processor;

#[cfg(feature = "authoring")]
pub use authoring::{Authoring, World};
pub use describe::Format;
#[cfg(feature = "image")]
pub use image::ImageJob;
pub use local::{LocalChannel, LocalJob};

/// One run of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Run the training job.
    Train(Location),
    /// Answer requests.
    Serve(Location),
    /// Run a training job that the command line describes.
    Local(LocalJob),
    /// Say what a component is.
    Inspect {
        /// The component.
        component: PathBuf,
        /// For programs instead of people.
        json: bool,
    },
    /// Tell what a component declares, in the form that a person or a program reads.
    Describe {
        /// The component.
        component: PathBuf,
        /// The form.
        format: Format,
        /// The container image that specifications name.
        image: Option<String>,
    },
    /// Make a `.cwasm` of a `.wasm`.
    #[cfg(feature = "compiler")]
    Compile {
        /// The component.
        component: PathBuf,
        /// Where the result goes.
        output: PathBuf,
        /// Which processors it is for.
        processor: Processor,
    },
    /// Make a container image.
    #[cfg(feature = "image")]
    Image(ImageJob),
    /// Make what an author needs beside a compiler.
    #[cfg(feature = "authoring")]
    Authoring(Authoring),
    /// List what guests can call.
    Kernels {
        /// Only those whose name contains one of these.
        words: Vec<String>,
        /// For programs instead of people.
        json: bool,
    },
    /// Time the kernels on this machine.
    #[cfg(feature = "bench")]
    Bench {
        /// Only the cases whose name contains one of these.
        words: Vec<String>,
        /// For programs instead of people.
        json: bool,
    },
    /// Text for stdout.
    Print(String),
}

/// Where a command finds things, when the command line says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// `--component`.
    pub component: Option<PathBuf>,
    /// `--base`.
    pub base: Option<PathBuf>,
}

impl Command {
    /// Reads the command line, program name first. A program called `train` or `serve` needs no command.
    ///
    /// # Errors
    /// [`Code::Usage`] naming the word that is not understood.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Command> {
        let mut words = words.into_iter();
        let program = words.next().unwrap_or_default();
        let called = Path::new(&program).file_name().and_then(|name| name.to_str()).filter(|name| ["train", "serve"].contains(name));
        let mut parser = lexopt::Parser::from_args(called.map(OsString::from).into_iter().chain(words));
        parse(&mut parser).map_err(|error| match error.downcast::<lexopt::Error>() {
            Ok(error) => usage(error.to_string()),
            Err(error) => error,
        })
    }

    /// Runs the command.
    ///
    /// # Errors
    /// Whatever the command fails with; [`Failure::of`] tells it.
    pub fn run(self, vars: &dyn Vars, print: &mut dyn FnMut(&str)) -> Result<()> {
        match self {
            Command::Train(location) => crate::train::run(&location.settings(vars)?, location.component.as_deref(), &Stop::watch()?),
            Command::Serve(location) => crate::serve::run(&location.settings(vars)?, location.component.as_deref(), &Stop::watch()?),
            Command::Local(job) => local::run(&job, Settings::read(vars)?, print),
            Command::Inspect { component, json } => {
                print(&inspect::run(&component, json, &Settings::read(vars)?)?);
                Ok(())
            }
            Command::Describe { component, format, image } => {
                print(&describe::run(&component, format, image.as_deref(), &Settings::read(vars)?)?);
                Ok(())
            }
            #[cfg(feature = "compiler")]
            Command::Compile { component, output, processor } => {
                print(&compile::run(&component, &output, processor)?);
                Ok(())
            }
            #[cfg(feature = "image")]
            Command::Image(job) => {
                print(&image::run(&job, &Settings::read(vars)?)?);
                Ok(())
            }
            #[cfg(feature = "authoring")]
            Command::Authoring(command) => {
                print(&authoring::run(&command)?);
                Ok(())
            }
            Command::Kernels { words, json } => {
                print(&kernels::run(&words, json));
                Ok(())
            }
            #[cfg(feature = "bench")]
            Command::Bench { words, json } => {
                let Settings { threads, tensor_bytes, .. } = Settings::read(vars)?;
                bench::run(&Options { words, json, threads, tensor_bytes }, print)
            }
            Command::Print(text) => {
                print(&text);
                Ok(())
            }
        }
    }
}

impl Location {
    fn settings(&self, vars: &dyn Vars) -> Result<Settings> {
        let mut settings = Settings::read(vars)?;
        if let Some(base) = &self.base {
            settings.base = Base::new(base);
        }
        Ok(settings)
    }
}

fn usage(what: impl Into<String>) -> anyhow::Error {
    Failure::new(Code::Usage, what).help("`algohost --help` shows the commands").into()
}

fn parse(parser: &mut lexopt::Parser) -> Result<Command> {
    match parser.next()? {
        None | Some(Short('h') | Long("help")) => Ok(Command::Print(help::MAIN.into())),
        Some(Short('V') | Long("version")) => Ok(Command::Print(help::version())),
        Some(Value(word)) => match word.to_str() {
            Some("train") => location(parser, help::TRAIN, Command::Train),
            Some("serve") => location(parser, help::SERVE, Command::Serve),
            Some("local") => local::parse(parser),
            Some("inspect") => inspect(parser),
            Some("describe") => describe(parser),
            #[cfg(feature = "compiler")]
            Some("compile") => compile(parser),
            #[cfg(feature = "image")]
            Some("image") => image::parse(parser),
            #[cfg(feature = "authoring")]
            Some("wit") => authoring::parse_interface(parser),
            #[cfg(feature = "authoring")]
            Some("bindings") => authoring::parse_bindings(parser),
            #[cfg(feature = "authoring")]
            Some("component") => authoring::parse_component(parser),
            Some("kernels") => words(parser, help::KERNELS, |words, json| Command::Kernels { words, json }),
            #[cfg(feature = "bench")]
            Some("bench") => words(parser, help::BENCH, |words, json| Command::Bench { words, json }),
            Some("help") => topic(parser),
            _ => Err(unknown(&word.to_string_lossy())),
        },
        Some(other) => Err(other.unexpected().into()),
    }
}

/// The failure of a word that is no command of this build.
fn unknown(word: &str) -> anyhow::Error {
    if let Some((_, _, feature)) = help::TOPICS.iter().find(|(name, ..)| *name == word) {
        let what = format!("the command '{word}' is left out of this build of algohost");
        return Failure::new(Code::Usage, what).help(format!("use the full build, or one with the feature '{feature}'")).into();
    }
    let names: Vec<&str> = help::TOPICS.iter().filter(|topic| help::is_built(topic)).map(|(name, ..)| *name).collect();
    usage(format!("'{word}' is no command; there are {} and help", names.join(", ")))
}

fn location(parser: &mut lexopt::Parser, help: &str, command: fn(Location) -> Command) -> Result<Command> {
    let mut location = Location::default();
    while let Some(word) = parser.next()? {
        match word {
            Long("component") => location.component = Some(parser.value()?.into()),
            Long("base") => location.base = Some(parser.value()?.into()),
            Short('h') | Long("help") => return Ok(Command::Print(help.into())),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(command(location))
}

fn words(parser: &mut lexopt::Parser, help: &str, command: fn(Vec<String>, bool) -> Command) -> Result<Command> {
    let (mut words, mut json) = (Vec::new(), false);
    while let Some(word) = parser.next()? {
        match word {
            Long("json") => json = true,
            Short('h') | Long("help") => return Ok(Command::Print(help.into())),
            Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(command(words, json))
}

fn inspect(parser: &mut lexopt::Parser) -> Result<Command> {
    let (mut component, mut json) = (None, false);
    while let Some(word) = parser.next()? {
        match word {
            Long("json") => json = true,
            Short('h') | Long("help") => return Ok(Command::Print(help::INSPECT.into())),
            Value(path) if component.is_none() => component = Some(PathBuf::from(path)),
            other => return Err(other.unexpected().into()),
        }
    }
    let component = component.ok_or_else(|| usage("inspect needs a component: `algohost inspect FILE`"))?;
    Ok(Command::Inspect { component, json })
}

fn describe(parser: &mut lexopt::Parser) -> Result<Command> {
    let (mut component, mut format, mut image) = (None, Format::default(), None);
    while let Some(word) = parser.next()? {
        match word {
            Long("format") => format = Format::named(&parser.value()?.string()?).map_err(usage)?,
            Long("image") => image = Some(parser.value()?.string()?),
            Short('h') | Long("help") => return Ok(Command::Print(help::DESCRIBE.into())),
            Value(path) if component.is_none() => component = Some(PathBuf::from(path)),
            other => return Err(other.unexpected().into()),
        }
    }
    let component = component.ok_or_else(|| usage("describe needs a component: `algohost describe FILE`"))?;
    Ok(Command::Describe { component, format, image })
}

#[cfg(feature = "compiler")]
fn compile(parser: &mut lexopt::Parser) -> Result<Command> {
    let (mut component, mut output, mut processor) = (None, None, Processor::NATIVE);
    while let Some(word) = parser.next()? {
        match word {
            Short('o') | Long("output") => output = Some(PathBuf::from(parser.value()?)),
            Long("cpu") => processor = self::processor(parser)?,
            Short('h') | Long("help") => return Ok(Command::Print(help::COMPILE.into())),
            Value(path) if component.is_none() => component = Some(PathBuf::from(path)),
            other => return Err(other.unexpected().into()),
        }
    }
    let component = component.ok_or_else(|| usage("compile needs a component: `algohost compile FILE`"))?;
    let output = output.unwrap_or_else(|| component.with_extension("cwasm"));
    Ok(Command::Compile { component, output, processor })
}

/// The value of `--cpu`.
#[cfg(feature = "compiler")]
fn processor(parser: &mut lexopt::Parser) -> Result<Processor> {
    let name = parser.value()?.string()?;
    Processor::named(&name).map_err(|known| usage(format!("--cpu is '{name}', wanted {known}")))
}

fn topic(parser: &mut lexopt::Parser) -> Result<Command> {
    let text = match parser.next()? {
        None => help::MAIN,
        Some(Value(word)) => {
            let word = word.to_string_lossy();
            let topic = help::TOPICS.iter().find(|topic| topic.0 == word);
            topic.ok_or_else(|| usage(format!("there is no help on '{word}'")))?.1
        }
        Some(other) => return Err(other.unexpected().into()),
    };
    Ok(Command::Print(text.into()))
}
