//! The ways in which `train` goes wrong, by hyperparameter `mode`.

use crate::algohost::ml::tensors::{Dtype, concat, full};
use crate::algohost::ml::types::{Error, ErrorCode};
use crate::algohost::ml::{artifacts, checkpoints, data, job};
use crate::exports::algohost::ml::trainer::Guest;
use crate::{Faulty, allocate_for_ever, loop_for_ever, recurse, sleep};

impl Guest for Faulty {
    fn train() -> Result<(), Error> {
        let text = job::text("text")?;
        match job::text("mode")?.as_str() {
            "panic" => panic!("mode is panic"),
            "loop" => loop_for_ever(),
            "allocate" => allocate_for_ever(),
            "allocate-tensors" => allocate_tensors_for_ever(),
            "recurse" => {
                recurse(0);
                Ok(())
            }
            "sleep" => {
                sleep();
                Ok(())
            }
            "error" => Err(Error { code: code_of(&job::text("code")?), message: text }),
            // An archive in the model directory, or outside of it when `text` says so.
            "archive" => artifacts::create_archive(&text)?.finish("{}"),
            "create-file" => create_file(&text),
            "read-channel" => data::open_channel(&text)?.read_all().map(drop),
            "print" => {
                println!("{text}");
                eprintln!("{text}");
                Ok(())
            }
            "symlink-early" => {
                crate::symlink("../..", "/opt/ml/model/link").map_err(|error| io(&error))?;
                artifacts::create_archive("link/outside").map(drop)
            }
            // The name under which the host writes is a link that leads outside.
            "symlink-partial" => {
                crate::symlink("../outside", "/opt/ml/model/model.safetensors.partial").map_err(|error| io(&error))?;
                artifacts::create_archive("model.safetensors")?.finish("{}")
            }
            // The way is clear when the archive is begun, and leads outside when it is written.
            "symlink-late" => {
                let archive = artifacts::create_archive("sub/late.safetensors")?;
                crate::symlink("../..", "/opt/ml/model/sub").map_err(|error| io(&error))?;
                archive.finish("{}")
            }
            // A file that claims to be larger than any memory.
            "sparse" => {
                let file = std::fs::File::create("/opt/ml/model/large.safetensors").map_err(|error| io(&error))?;
                file.set_len(1 << 43).map_err(|error| io(&error))?;
                artifacts::open_archive("large.safetensors").map(drop)
            }
            // A failure file of its own, and then a failure that has other words.
            "own-failure" => {
                std::fs::write("/opt/ml/output/failure", &text).map_err(|error| io(&error))?;
                panic!("mode is own-failure")
            }
            // A link in place of that file, to what is none of the algorithm's business.
            "link-failure" => {
                crate::symlink(&text, "/opt/ml/output/failure").map_err(|error| io(&error))?;
                panic!("mode is link-failure")
            }
            // As many values of a metric as `text` says, and some of one that is not declared.
            "metrics" => {
                (0..text.parse().unwrap_or(0)).for_each(|step| job::metric("loss", 1.0 / (f64::from(step) + 1.0), step));
                for value in [f64::NAN, f64::INFINITY, 0.5] {
                    job::metric("<b>other</b>", value, 7);
                }
                Ok(())
            }
            "progress" => {
                (0..=150).for_each(|step| {
                    job::progress(f64::from(step), 150.0);
                    std::thread::sleep(std::time::Duration::from_millis(10));
                });
                Ok(())
            }
            "hour" => {
                std::thread::sleep(std::time::Duration::from_secs(3600));
                Ok(())
            }
            "until-stopped" => {
                println!("remaining {:?}", job::remaining_ms());
                while !job::should_stop() {
                    std::thread::sleep(std::time::Duration::from_millis(10));
                }
                std::thread::sleep(std::time::Duration::from_millis(text.parse().unwrap_or(0)));
                artifacts::create_archive("saved.safetensors")?.finish("{}")
            }
            "save-panic" => {
                artifacts::create_archive("saved.safetensors")?.finish("{}")?;
                panic!("saved, but not well")
            }
            "save-loop" => {
                artifacts::create_archive("saved.safetensors")?.finish("{}")?;
                println!("saved, and not done");
                loop_for_ever()
            }
            // A model of 4 MB.
            "fill" => {
                let archive = artifacts::create_archive("large.safetensors")?;
                archive.add("ones", &full(&[1 << 20], Dtype::Float32, 1.0)?)?;
                archive.finish("{}")
            }
            "epochs" => crate::channels::print_epochs(&text),
            "records" => crate::channels::print_records(&text),
            "list-files" => data::list_files(&text).map(drop),
            "open-twice" => data::open_channel(&text).and_then(|_first| data::open_channel(&text)).map(drop),
            "checkpoint" => checkpoint(text.parse().unwrap_or(0)),
            "environment" => {
                std::env::vars().for_each(|(name, value)| println!("variable {name}={value}"));
                println!("arguments {:?}", std::env::args().collect::<Vec<_>>());
                Ok(())
            }
            // To an address, and to a name.
            "connect" => {
                let told = |address: &str| {
                    std::net::TcpStream::connect(address).map_or_else(|error| error.kind().to_string(), |_| "connected".into())
                };
                println!("address: {}, name: {}", told("127.0.0.1:9"), told("localhost:9"));
                let bound = std::net::UdpSocket::bind("127.0.0.1:0").map_or_else(|error| error.kind().to_string(), |_| "bound".into());
                println!("datagrams: {bound}");
                Ok(())
            }
            "cluster" => {
                print_cluster();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn allocate_tensors_for_ever() -> Result<(), Error> {
    let mut held = Vec::new();
    loop {
        held.push(full(&[1 << 20], Dtype::Float32, 1.0)?);
    }
}

fn print_cluster() {
    let cluster = job::cluster_info();
    let groups: Vec<String> = cluster.groups.iter().map(|group| format!("{}: {}", group.name, group.hosts.join(", "))).collect();
    let (group, instance_type) = (cluster.group.unwrap_or_default(), cluster.instance_type.unwrap_or_default());
    println!("rank {} of {}, group {group}, type {instance_type}, groups {}", cluster.rank, cluster.size, groups.join("; "));
}

/// Saves so many checkpoints, numbered after the one that is found.
fn checkpoint(count: u32) -> Result<(), Error> {
    let found = checkpoints::latest()?;
    let mut n = 0;
    if let Some(archive) = &found {
        n = archive.get("n")?.item()? as u32;
        let view = archive.get("view")?;
        println!("found {} {:?} {:?}", archive.metadata(), archive.names(), (view.shape(), view.slice(0, 1, 2)?.slice(1, 0, 1)?.item()?));
    }
    for _ in 0..count {
        n += 1;
        let table = concat(&[&full(&[1, 3], Dtype::Float32, f64::from(n))?, &full(&[1, 3], Dtype::Float32, -1.0)?], 0)?;
        let number = full(&[], Dtype::Int32, f64::from(n))?;
        let state = format!(r#"{{"n": {n}}}"#);
        let saved = checkpoints::save(&["n".to_owned(), "view".to_owned()], &[&number, &table.transpose()?], &state)?;
        println!("saved {n}: {saved}");
    }
    Ok(())
}

/// A file of the guest's own, by WASI.
fn create_file(path: &str) -> Result<(), Error> {
    std::fs::write(path, "by the guest").map_err(|error| Error { code: ErrorCode::Io, message: format!("{path}: {error}") })
}

fn io(error: &std::io::Error) -> Error {
    Error { code: ErrorCode::Io, message: error.to_string() }
}

fn code_of(name: &str) -> ErrorCode {
    match name {
        "invalid-input" => ErrorCode::InvalidInput,
        "unsupported-media" => ErrorCode::UnsupportedMedia,
        "bad-model" => ErrorCode::BadModel,
        "bad-operation" => ErrorCode::BadOperation,
        "limit-exceeded" => ErrorCode::LimitExceeded,
        "interrupted" => ErrorCode::Interrupted,
        "io" => ErrorCode::Io,
        "not-found" => ErrorCode::NotFound,
        "not-supported" => ErrorCode::NotSupported,
        "denied" => ErrorCode::Denied,
        _ => ErrorCode::Internal,
    }
}
