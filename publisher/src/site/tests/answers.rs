//! What is answered, and what is not.

const YEAR: &str = "public, max-age=31536000, immutable";
const DAY: &str = "public, max-age=86400";
const ASK: &str = "no-cache";

/// What is asked for, the file below www that answers, its Cache-Control.
pub(super) const FOUND: &[(&str, &str, &str)] = &[
    (
        "/archive.ubuntu.com/ubuntu/dists/noble/InRelease",
        "generations/production/7/ubuntu/heads/dists/noble/InRelease",
        ASK,
    ),
    (
        "/channels/staging/archive.ubuntu.com/ubuntu/dists/noble/InRelease",
        "generations/staging/9/ubuntu/heads/dists/noble/InRelease",
        ASK,
    ),
    (
        "/archive.ubuntu.com/ubuntu/dists/noble/main/binary-amd64/Release",
        "snapshots/ubuntu/20261122T040000Z/dists/noble/main/binary-amd64/Release",
        ASK,
    ),
    (
        "/archive.ubuntu.com/ubuntu/dists/noble/main/binary-amd64/Packages.xz",
        "snapshots/ubuntu/20261122T040000Z/dists/noble/main/binary-amd64/Packages.xz",
        ASK,
    ),
    (
        "/archive.ubuntu.com/ubuntu/dists/noble/main/binary-amd64/by-hash/SHA256/bb22",
        "union/ubuntu/dists/noble/main/binary-amd64/by-hash/SHA256/bb22",
        YEAR,
    ),
    (
        "/security.ubuntu.com/ubuntu/by-hash/SHA256/aa11",
        "snapshots/ubuntu.sec-1/20261123T040000Z/by-hash/SHA256/aa11",
        YEAR,
    ),
    (
        "/archive.ubuntu.com/ubuntu/pool/main/h/hello/hello_1.0_amd64.deb",
        "union/ubuntu/pool/main/h/hello/hello_1.0_amd64.deb",
        DAY,
    ),
    ("/tools+x/tool.deb", "snapshots/tools/20261123T040000Z/tool.deb", ASK),
    ("/tools+x/InRelease", "snapshots/tools/20261123T040000Z/InRelease", ASK),
    (
        "/snapshots/ubuntu/20261122T040000Z/dists/noble/InRelease",
        "snapshots/ubuntu/20261122T040000Z/dists/noble/InRelease",
        YEAR,
    ),
    (
        "/snapshots/ubuntu/20261122T040000Z/ls-lR.gz",
        "snapshots/ubuntu/20261122T040000Z/ls-lR.gz",
        YEAR,
    ),
    // Not in that tree: what stands in for it may be built anew, so it is not immutable.
    (
        "/snapshots/ubuntu/20261122T040000Z/pool/main/h/hello/hello_2.10-4_amd64.deb",
        "union/ubuntu/pool/main/h/hello/hello_2.10-4_amd64.deb",
        DAY,
    ),
    (
        "/snapshots/ubuntu/2026-11-23/dists/noble/InRelease",
        "snapshots/ubuntu/20261123T150000Z/dists/noble/InRelease",
        ASK,
    ),
    (
        "/snapshots/ubuntu/2026-11-23T04/dists/noble/InRelease",
        "snapshots/ubuntu/20261122T040000Z/dists/noble/InRelease",
        ASK,
    ),
    (
        "/snapshots/ubuntu/20261124T04/dists/noble/InRelease",
        "snapshots/ubuntu/20261123T150000Z/dists/noble/InRelease",
        ASK,
    ),
    // A full date that no snapshot has is the one before it, and may be another's tomorrow.
    (
        "/snapshots/ubuntu/20261123T040000Z/ls-lR.gz",
        "snapshots/ubuntu/20261122T040000Z/ls-lR.gz",
        ASK,
    ),
    (
        "/snapshots/ubuntu/20261123T101519Z/dists/noble/InRelease",
        "snapshots/ubuntu/20261122T040000Z/dists/noble/InRelease",
        ASK,
    ),
    (
        "/snapshots/ubuntu/20261123T101520Z/dists/noble/InRelease",
        "snapshots/ubuntu/20261123T150000Z/dists/noble/InRelease",
        ASK,
    ),
    (
        "/snapshots/ubuntu/20261123T101520Z/pool/main/h/hello/hello_1.0_amd64.deb",
        "union/ubuntu/pool/main/h/hello/hello_1.0_amd64.deb",
        DAY,
    ),
    (
        "/snapshots/ubuntu/2026-11-23T10:14:59Z/dists/noble/InRelease",
        "snapshots/ubuntu/20261122T040000Z/dists/noble/InRelease",
        ASK,
    ),
    (
        "/snapshots/ubuntu/2026-11-23T10:09/dists/noble/InRelease",
        "snapshots/ubuntu/20261122T040000Z/dists/noble/InRelease",
        ASK,
    ),
    (
        "/snapshots/ubuntu/20261123T1015/dists/noble/InRelease",
        "snapshots/ubuntu/20261123T150000Z/dists/noble/InRelease",
        ASK,
    ),
    // Every channel has a list of its own, which moves with it; a file of that name elsewhere is upstream's.
    ("/rocky-baseos/mirrorlist", "generations/production/7/rocky/heads/mirrorlist", ASK),
    (
        "/channels/staging/rocky-baseos/mirrorlist?countme=1",
        "generations/staging/9/rocky/heads/mirrorlist",
        ASK,
    ),
    ("/rocky-baseos/.treeinfo", "snapshots/rocky/20261122T040000Z/.treeinfo", ASK),
    (
        "/snapshots/rocky/20261122T040000Z/os//.discinfo",
        "snapshots/rocky/20261122T040000Z/os/.discinfo",
        YEAR,
    ),
    ("/rocky-baseos/docs/mirrorlist", "snapshots/rocky/20261122T040000Z/docs/mirrorlist", ASK),
    // The tree that it names holds root metadata, and, as packages are asked for after a move, those of the one before.
    (
        "/snapshots/rocky/20261122T040000Z/repodata/repomd.xml",
        "snapshots/rocky/20261122T040000Z/repodata/repomd.xml",
        YEAR,
    ),
    (
        "/snapshots/rocky/20261123T040000Z/Packages/h/hello-1.0-1.noarch.rpm",
        "union/rocky/Packages/h/hello-1.0-1.noarch.rpm",
        DAY,
    ),
    (
        "/archlinux/core/os/x86_64/core.db",
        "generations/production/7/arch/heads/core/os/x86_64/core.db",
        ASK,
    ),
    (
        "/archlinux/core/os/x86_64/core.db.tar.gz",
        "snapshots/arch/20261122T040000Z/core/os/x86_64/core.db",
        ASK,
    ),
    (
        "/archlinux/core/os/x86_64/a-1:2+3-1-any.pkg.tar.zst.sig",
        "snapshots/arch/20261122T040000Z/core/os/x86_64/a-1:2+3-1-any.pkg.tar.zst.sig",
        DAY,
    ),
    (
        "/archlinux/core/os/x86_64/a-1%3A1-1-any.pkg.tar.zst",
        "union/arch/core/os/x86_64/a-1:1-1-any.pkg.tar.zst",
        DAY,
    ),
    ("/archlinux/lastupdate", "snapshots/arch/20261122T040000Z/lastupdate", ASK),
    ("/pinfold.asc", "pinfold.asc", ASK),
];

/// What is asked for and not there: the status and the words.
pub(super) const REFUSED: &[(&str, u16, &str)] = &[
    ("/rocky-baseos/.os/.treeinfo", 404, "hidden names are not served\n"),
    ("/archive.ubuntu.com/ubuntu/.treeinfo", 404, "hidden names are not served\n"),
    // Signed upstream or not: a root file of another generation is never shown.
    (
        "/archive.ubuntu.com/ubuntu/dists/oracular/InRelease",
        404,
        "ubuntu has no such file in channels/production\n",
    ),
    (
        "/channels/staging/archive.ubuntu.com/ubuntu/dists/noble/Release.gpg",
        404,
        "ubuntu has no such file in channels/staging\n",
    ),
    // The suite came at 15 h: asked for 4 h it is not there yet, and the day's end must not stand in.
    (
        "/snapshots/ubuntu/20261123T04/dists/oracular/InRelease",
        404,
        "ubuntu@20261123T04 has no such file\n",
    ),
    // No snapshot before that hour, though the day has one later.
    (
        "/snapshots/tools/20261123T03/x",
        404,
        "tools@20261123T03 is not published; pinfold publish tools@20261123T03 does it, if that snapshot is kept\n",
    ),
    (
        "/snapshots/ubuntu/20261001/dists/noble/InRelease",
        404,
        "ubuntu@20261001 is not published; pinfold publish ubuntu@20261001 does it, if that snapshot is kept\n",
    ),
    (
        "/snapshots/ubuntu/20261001T040000Z/ls-lR.gz",
        404,
        "ubuntu@20261001T040000 is not published; pinfold publish ubuntu@20261001T040000 does it, if that snapshot is kept\n",
    ),
    // What is in no dated tree of that day is not looked for in another.
    (
        "/snapshots/ubuntu/2026-11-23T10:15:19Z/dists/oracular/InRelease",
        404,
        "ubuntu@2026-11-23T10:15:19Z has no such file\n",
    ),
    (
        "/snapshots/rocky/20261123T040000Z/mirrorlist",
        404,
        "rocky@20261123T040000 has no such file\n",
    ),
    (
        "/new.example.org/apt/dists/noble/InRelease",
        503,
        "new has no snapshot in channels/production yet; pinfold promote new brings the first\n",
    ),
];
