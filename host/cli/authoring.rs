//! What authors call while they write an algorithm: `wit`, `bindings`, `component`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use lexopt::prelude::*;

use super::{Command, help, usage};
use crate::authoring::{self, Bindings};
use crate::failure::Failure;

/// An author's command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authoring {
    /// Write the interface's files.
    Interface {
        /// Into this folder.
        folder: PathBuf,
    },
    /// Write a world as code.
    Bindings {
        /// In which language.
        language: Bindings,
        /// Of which world.
        world: World,
        /// Into this folder.
        folder: PathBuf,
    },
    /// Make a component of a core module.
    Component {
        /// The module.
        module: PathBuf,
        /// The world, when the module does not say it.
        world: Option<World>,
        /// Where the component goes.
        output: PathBuf,
    },
}

/// A world of the interface that this program brings along, or of an author's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    name: String,
    wit: Option<PathBuf>,
}

/// The flags that these commands share.
#[derive(Default)]
struct Flags {
    output: Option<PathBuf>,
    wit: Option<PathBuf>,
    world: Option<String>,
    /// What is no flag.
    words: Vec<String>,
    help: bool,
}

impl Flags {
    fn read(parser: &mut lexopt::Parser) -> Result<Flags> {
        let mut flags = Flags::default();
        while let Some(word) = parser.next()? {
            match word {
                Short('o') | Long("output") => flags.output = Some(parser.value()?.into()),
                Long("wit") => flags.wit = Some(parser.value()?.into()),
                Long("world") => flags.world = Some(parser.value()?.string()?),
                Short('h') | Long("help") => flags.help = true,
                Value(word) => flags.words.push(word.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(flags)
    }

    fn output(&mut self, command: &str) -> Result<PathBuf> {
        self.output.take().ok_or_else(|| usage(format!("{command} needs a place for what it makes: -o")))
    }
}

/// Reads the words of `wit`.
pub(super) fn parse_interface(parser: &mut lexopt::Parser) -> Result<Command> {
    let mut flags = Flags::read(parser)?;
    if flags.help {
        return Ok(Command::Print(help::WIT.into()));
    }
    Ok(Command::Authoring(Authoring::Interface { folder: flags.output("wit")? }))
}

/// Reads the words of `bindings`.
pub(super) fn parse_bindings(parser: &mut lexopt::Parser) -> Result<Command> {
    let mut flags = Flags::read(parser)?;
    if flags.help {
        return Ok(Command::Print(help::BINDINGS.into()));
    }
    let [language, world] = &flags.words[..] else {
        return Err(usage("bindings needs a language and a world: `algohost bindings c algorithm -o generated`"));
    };
    let known = Bindings::NAMES.iter().find(|(name, _)| name == language);
    let (_, language) = *known.ok_or_else(|| usage(format!("there are no bindings for '{language}', only for c, cpp and go")))?;
    let world = World { name: world.clone(), wit: flags.wit.take() };
    Ok(Command::Authoring(Authoring::Bindings { language, world, folder: flags.output("bindings")? }))
}

/// Reads the words of `component`.
pub(super) fn parse_component(parser: &mut lexopt::Parser) -> Result<Command> {
    let mut flags = Flags::read(parser)?;
    if flags.help {
        return Ok(Command::Print(help::COMPONENT.into()));
    }
    let [module] = &flags.words[..] else {
        return Err(usage("component needs a core module: `algohost component core.wasm -o learner.wasm`"));
    };
    let module = PathBuf::from(module);
    let world = flags.world.take().map(|name| World { name, wit: flags.wit.take() });
    Ok(Command::Authoring(Authoring::Component { module, world, output: flags.output("component")? }))
}

/// Runs the command; gives the lines to print.
pub(super) fn run(command: &Authoring) -> Result<String> {
    match command {
        Authoring::Interface { folder } => {
            authoring::write_interface(folder)?;
            Ok(format!("the interface is in {}\n", folder.display()))
        }
        Authoring::Bindings { language, world, folder } => {
            let files = authoring::generate(*language, &world.name, world.wit.as_deref(), folder)?;
            Ok(files.iter().map(|file| format!("{}\n", file.display())).collect())
        }
        Authoring::Component { module, world, output } => encode(module, world.as_ref(), output),
    }
}

fn encode(module: &Path, world: Option<&World>, output: &Path) -> Result<String> {
    let bytes = std::fs::read(module).map_err(|error| Failure::user(format!("{} cannot be read: {error}", module.display())))?;
    let component = authoring::encode(&bytes, world.map(|world| world.name.as_str()), world.and_then(|world| world.wit.as_deref()))?;
    std::fs::write(output, &component).with_context(|| format!("{} cannot be written", output.display()))?;
    Ok(format!("component {} ({} bytes)\n", output.display(), component.len()))
}
