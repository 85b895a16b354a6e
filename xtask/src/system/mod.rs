//! What the commands need of the machine: folders, processes, packages, and small tools. Nothing here knows a server by name.

pub(crate) mod cargo;
pub(crate) mod folders;
pub(crate) mod http;
pub(crate) mod interrupt;
pub(crate) mod packages;
pub(crate) mod process;
pub(crate) mod registry;
pub(crate) mod spawn;
pub(crate) mod tail;
pub(crate) mod tool;
pub(crate) mod wait;
