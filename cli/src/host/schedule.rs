//! What starts `pinfold run`: a line for cron, or a service and a timer of systemd.

use std::path::{Path, PathBuf};

use super::{HEAD, HostFile, Parts, plain, user_name};
use crate::config::{Source, Starter};
use crate::failure::Failure;

/// Cron reads no file here whose name has a dot.
const CRON: &str = "/etc/cron.d/pinfold";
const SERVICE: &str = "/etc/systemd/system/pinfold.service";
const TIMER: &str = "/etc/systemd/system/pinfold.timer";
/// The name of the unit that is switched on.
pub(super) const UNIT: &str = "pinfold.timer";
/// Where the configuration is unless said otherwise.
const CONFIG: &str = "/etc/pinfold/pinfold.toml";
/// Folders that `ProtectHome` hides.
const HOMES: [&str; 3] = ["/home", "/root", "/run/user"];

/// The first line of a service's settings that follows its user.
const HARDENED: &str = "\
UMask=0022
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
";

pub(super) fn files(parts: &Parts<'_>) -> Result<Vec<HostFile>, Failure> {
    let command = command(parts)?;
    let user = user_name(parts.user)?;
    let file = |path: &str, content: String| HostFile { path: PathBuf::from(path), content };
    Ok(match parts.starter {
        Starter::Cron => vec![file(
            CRON,
            format!(
                "{HEAD}# What is due is done, and nothing when nothing is. Only trouble is printed, and so mailed.\n\
                 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n\
                 */5 * * * * {user} {command} >/dev/null\n"
            ),
        )],
        Starter::Systemd => vec![
            file(SERVICE, service(parts, user, &command)?),
            file(
                TIMER,
                format!(
                    "{HEAD}[Unit]\nDescription=Looks whether a mirror is due\n\n[Timer]\nOnCalendar=*:0/5\nAccuracySec=30s\n\n\
                     [Install]\nWantedBy=timers.target\n"
                ),
            ),
        ],
    })
}

fn command(parts: &Parts<'_>) -> Result<String, Failure> {
    let program = plain("the program", parts.program)?;
    let config = plain("the configuration", parts.config_path)?;
    let config = if config == CONFIG { String::new() } else { format!(" --config {config}") };
    Ok(format!("{program}{config} run"))
}

/// The service. `KillMode=process`: the first sync of a big archive goes on when the run that began it has ended.
fn service(parts: &Parts<'_>, user: &str, command: &str) -> Result<String, Failure> {
    let root = plain("root", &parts.config.root)?;
    let logs = plain("logs", &parts.config.logs)?;
    let trees: Vec<&Path> = parts
        .mirrors
        .iter()
        .filter_map(|name| parts.config.mirrors.get(name)?.upstream.as_ref())
        .filter_map(|upstream| match &upstream.source {
            Source::Program(program) => Some(program.tree.as_path()),
            Source::Http | Source::Rsync(_) => None,
        })
        .collect();
    let mut protected = if trees.is_empty() {
        // One path each: a bind mount that cut the root in two would refuse hardlinks between its parts.
        format!("ProtectSystem=strict\nReadWritePaths={root} {logs}\n")
    } else {
        "# Programs of others bring mirrors, and write where they like.\nProtectSystem=full\n"
            .to_owned()
    };
    let own = [parts.config.root.as_path(), parts.config.logs.as_path(), parts.config_path];
    let is_home = |path: &Path| HOMES.iter().any(|home| path.starts_with(home));
    if !own.iter().copied().chain(trees).chain([parts.program]).any(is_home) {
        protected.push_str("ProtectHome=yes\n");
    }
    Ok(format!(
        "{HEAD}[Unit]\nDescription=Syncs, promotes and tidies what is due of the mirrors\n\
         Documentation=man:pinfold(1)\nAfter=network-online.target\nWants=network-online.target\n\n\
         [Service]\nType=oneshot\nUser={user}\nExecStart={command}\n\
         # 1: an answer that is no, which is in the journal. 75: another run is at work.\nSuccessExitStatus=1 75\n\
         # A first sync goes on in the background when this run has ended.\nKillMode=process\n\
         {protected}{HARDENED}"
    ))
}
