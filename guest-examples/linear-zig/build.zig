//! `zig build -Dalgohost=… -Dwit=…` makes zig-out/component.wasm.

const std = @import("std");

const name = "linear-zig";
const world = "algorithm";
/// The world's name in the generated bindings.
const prefix = "algorithm";

pub fn build(b: *std.Build) void {
    const algohost = b.option([]const u8, "algohost", "The program algohost") orelse "algohost";
    const wit = b.option([]const u8, "wit", "The folder of the interface") orelse "../../wit";
    const target = b.resolveTargetQuery(.{ .cpu_arch = .wasm32, .os_tag = .wasi });

    const bind = b.addSystemCommand(&.{ algohost, "bindings", "c", world, "--wit", wit, "-o" });
    bind.has_side_effects = true; // run each time: the interface may have changed
    const bindings = bind.addOutputDirectoryArg("bindings");
    const translated = b.addTranslateC(.{
        .root_source_file = bindings.path(b, prefix ++ ".h"),
        .target = target,
        .optimize = .ReleaseSmall,
    });

    const core = b.addExecutable(.{
        .name = name,
        .root_module = b.createModule(.{
            .root_source_file = b.path("src/root.zig"),
            .target = target,
            .optimize = .ReleaseSmall,
            .link_libc = true,
            .imports = &.{.{ .name = "bindings", .module = translated.createModule() }},
        }),
    });
    core.root_module.addAnonymousImport("description.json", .{ .root_source_file = b.path("description.json") });
    core.root_module.addCSourceFile(.{ .file = bindings.path(b, prefix ++ ".c") });
    core.root_module.addObjectFile(bindings.path(b, prefix ++ "_component_type.o"));
    core.wasi_exec_model = .reactor;
    core.stack_size = 1 << 20; // each instance pays for it

    const component = b.addSystemCommand(&.{ algohost, "component" });
    component.addArtifactArg(core);
    component.addArg("-o");
    const built = component.addOutputFileArg("component.wasm");
    b.getInstallStep().dependOn(&b.addInstallFile(built, "component.wasm").step);
}
