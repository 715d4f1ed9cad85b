//! `site` and `serve`: how what is published is served.

use std::net::SocketAddr;

use super::Done;
use crate::context::Context;
use crate::failure::Outcome;
use crate::{host, serve as embedded, ui};

pub(super) fn site(context: &Context) -> Done {
    let rules = host::site(&context.config, &context.config.active())?;
    ui::print(&rules.nginx())?;
    Ok(Outcome::Done)
}

pub(super) fn serve(context: &Context, listen: SocketAddr) -> Done {
    context.store()?;
    let input = embedded::ServeInput {
        root: context.config.root.clone(),
        site: context.config.site.clone(),
        mirrors: context.config.mirror_sites(),
        listen,
    };
    let mounts: Vec<String> =
        context.config.mirrors.values().map(|mirror| mirror.mount.to_string()).collect();
    embedded::run(&input, |address| {
        ui::tell(&format!(
            "serving on http://{address}/ for a first look; nginx with 'pinfold site' is for fleets"
        ));
        for mount in mounts {
            ui::tell(&format!("  http://{address}/{mount}/"));
        }
    })?;
    Ok(Outcome::Done)
}
