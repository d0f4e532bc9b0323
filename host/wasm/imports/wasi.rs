//! WASI 0.2 as algorithms get it: what `wasmtime-wasi` links, but for sockets. There is no network, and code that opens connections is some
//! hundred kilobytes; guests whose C library imports it with every file link, and are told that access is denied.

use wasmtime::StoreContextMut;
use wasmtime::component::{HasData, Linker, LinkerInstance, Resource, ResourceTable, ResourceType, Type, Val};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random, sync};
use wasmtime_wasi::random::WasiRandom;

use crate::wasm::guest::Guest;

/// Puts all of it into the linker.
pub(super) fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(linker, WasiClocksView::clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, WasiClocksView::clocks)?;
    filesystem::preopens::add_to_linker::<_, WasiFilesystem>(linker, WasiFilesystemView::filesystem)?;
    sync::filesystem::types::add_to_linker::<_, WasiFilesystem>(linker, WasiFilesystemView::filesystem)?;
    random::random::add_to_linker::<_, WasiRandom>(linker, |guest| guest.ctx().ctx.random())?;
    random::insecure::add_to_linker::<_, WasiRandom>(linker, |guest| guest.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, |guest| guest.ctx().ctx.random())?;
    cli::exit::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
    cli::environment::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
    wasmtime_wasi_io::bindings::wasi::io::error::add_to_linker::<_, Table>(linker, |guest| guest.ctx().table)?;
    sync::io::poll::add_to_linker::<_, Table>(linker, |guest| guest.ctx().table)?;
    sync::io::streams::add_to_linker::<_, Table>(linker, |guest| guest.ctx().table)?;
    add_sockets(linker)
}

/// What `wasi:io` works on.
struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

/// Never made but for networks, which are only looked at here.
struct Network;
struct Tcp;
struct Udp;
struct Incoming;
struct Outgoing;
struct Addresses;

#[rustfmt::skip]
const TCP: [&str; 28] = [
    "start-bind", "finish-bind", "start-connect", "finish-connect", "start-listen", "finish-listen", "accept", "local-address", "remote-address",
    "is-listening", "address-family", "set-listen-backlog-size", "keep-alive-enabled", "set-keep-alive-enabled", "keep-alive-idle-time",
    "set-keep-alive-idle-time", "keep-alive-interval", "set-keep-alive-interval", "keep-alive-count", "set-keep-alive-count", "hop-limit",
    "set-hop-limit", "receive-buffer-size", "set-receive-buffer-size", "send-buffer-size", "set-send-buffer-size", "subscribe", "shutdown",
];

#[rustfmt::skip]
const UDP: [&str; 13] = [
    "start-bind", "finish-bind", "stream", "local-address", "remote-address", "address-family", "unicast-hop-limit", "set-unicast-hop-limit",
    "receive-buffer-size", "set-receive-buffer-size", "send-buffer-size", "set-send-buffer-size", "subscribe",
];

/// `wasi:sockets`: a guest gets a network, and then neither a socket nor an address.
fn add_sockets(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    resource::<Network>(&mut linker.instance("wasi:sockets/network@0.2.12")?, "network", &[])?;
    let mut networks = linker.instance("wasi:sockets/instance-network@0.2.12")?;
    networks.func_wrap("instance-network", |_: StoreContextMut<'_, Guest>, (): ()| Ok((Resource::<Network>::new_own(0),)))?;
    deny(&mut linker.instance("wasi:sockets/tcp-create-socket@0.2.12")?, "create-tcp-socket")?;
    deny(&mut linker.instance("wasi:sockets/udp-create-socket@0.2.12")?, "create-udp-socket")?;
    resource::<Tcp>(&mut linker.instance("wasi:sockets/tcp@0.2.12")?, "tcp-socket", &TCP)?;
    let mut udp = linker.instance("wasi:sockets/udp@0.2.12")?;
    resource::<Udp>(&mut udp, "udp-socket", &UDP)?;
    resource::<Incoming>(&mut udp, "incoming-datagram-stream", &["receive", "subscribe"])?;
    resource::<Outgoing>(&mut udp, "outgoing-datagram-stream", &["check-send", "send", "subscribe"])?;
    let mut names = linker.instance("wasi:sockets/ip-name-lookup@0.2.12")?;
    resource::<Addresses>(&mut names, "resolve-address-stream", &["resolve-next-address", "subscribe"])?;
    deny(&mut names, "resolve-addresses")
}

fn resource<R: 'static>(instance: &mut LinkerInstance<'_, Guest>, name: &str, methods: &[&str]) -> wasmtime::Result<()> {
    instance.resource(name, ResourceType::host::<R>(), |_, _| Ok(()))?;
    methods.iter().try_for_each(|method| deny(instance, &format!("[method]{name}.{method}")))
}

fn deny(instance: &mut LinkerInstance<'_, Guest>, name: &str) -> wasmtime::Result<()> {
    instance.func_new(name, |mut store, ty, arguments, results| {
        // Handles that were lent are to be given back.
        for argument in arguments {
            if let Val::Resource(handle) = argument {
                handle.resource_drop(&mut store)?;
            }
        }
        match (ty.results().next(), results) {
            (Some(Type::Result(_)), [answer]) => {
                *answer = Val::Result(Err(Some(Box::new(Val::Enum("access-denied".into())))));
                Ok(())
            }
            // A method of a socket, which no guest has.
            _ => Err(wasmtime::Error::msg("there are no sockets")),
        }
    })
}
