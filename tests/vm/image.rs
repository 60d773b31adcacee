//! What is booted: a kernel of Debian, a small RAM disk and a root file system, made once; and a disk with the binaries
//! under test, made each time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hactl::lab::rootfs;

use super::cpio::Cpio;

/// Changes whenever what was made earlier no longer serves.
const RECIPE: &str = "2";
/// What the guest has beside Debian's minimum.
const PACKAGES: &str = "iproute2,iputils-ping,procps,kmod,nftables,iptables,ipvsadm,keepalived,nginx-light,curl,socat,\
                        python3-minimal,conntrack,tcpdump,openssl,busybox-static,systemd-container";
/// The meta package that names the newest kernel.
const KERNEL: &str = "linux-image-cloud-amd64";
/// What the kernel needs to see its disks, in the order of their dependencies.
const MODULES: [&str; 6] = [
    "drivers/virtio/virtio_ring",
    "drivers/virtio/virtio",
    "drivers/virtio/virtio_pci_legacy_dev",
    "drivers/virtio/virtio_pci_modern_dev",
    "drivers/virtio/virtio_pci",
    "drivers/block/virtio_blk",
];
const RAM_DISK_INIT: &str = "#!/bin/busybox sh
for module in /modules/*.ko; do /bin/busybox insmod $module; done
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t ext4 -o noatime /dev/vda /root
/bin/busybox mount -t ext4 -o ro /dev/vdb /root/vm
/bin/busybox mount -t devtmpfs dev /root/dev
exec /bin/busybox switch_root /root /vm/init
";

/// What QEMU is given.
pub(crate) struct Image {
    folder: PathBuf,
    /// Held as long as the guest runs: two runs of one build would take each other's disk away.
    _lock: fs::File,
}

impl Image {
    pub(crate) fn kernel(&self) -> PathBuf {
        self.folder.join("vmlinuz")
    }

    pub(crate) fn ram_disk(&self) -> PathBuf {
        self.folder.join("initrd")
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.join("root.img")
    }

    pub(crate) fn binaries(&self) -> PathBuf {
        self.folder.join("vm.img")
    }

    /// What the kernel said, for a person.
    pub(crate) fn console(&self) -> PathBuf {
        self.folder.join("console.log")
    }

    /// Finds the image, or makes it; the error is why that is impossible here.
    pub(crate) fn ensure() -> Result<Self, String> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("vm");
        fs::create_dir_all(&folder).unwrap();
        let lock = fs::File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        let image = Self { folder, _lock: lock };
        let stamp = image.folder.join("recipe");
        if fs::read_to_string(&stamp).is_ok_and(|made| made == RECIPE) {
            return Ok(image);
        }
        eprintln!("making the guest's root file system, once");
        image.make()?;
        fs::write(stamp, RECIPE).unwrap();
        Ok(image)
    }

    fn make(&self) -> Result<(), String> {
        let unpacked = self.fresh("kernel");
        let version = self.unpack_kernel(&unpacked)?;
        fs::copy(unpacked.join(format!("boot/vmlinuz-{version}")), self.kernel()).unwrap();
        let root = self.fresh("rootfs");
        let (suite, sources) = release()?;
        // The guest is a host of `hactl lab`, too.
        let include = format!("--include={PACKAGES},{}", rootfs::packages());
        let bootstrap = ["--quiet", "--variant=minbase", "--dpkgopt=force-unsafe-io", &include, &suite];
        run(Command::new("mmdebstrap").args(bootstrap).arg(&root).arg(sources))?;
        run(Command::new("cp").arg("-a").arg(unpacked.join("lib/modules")).arg(root.join("lib")))?;
        run(Command::new("chroot").arg(&root).args(["depmod", &version]))?;
        fs::create_dir_all(root.join("vm")).unwrap();
        rootfs::prepare(&root).map_err(|failure| failure.to_string())?;
        self.make_ram_disk(&root, &unpacked.join("lib/modules").join(&version).join("kernel"));
        make_disk(&root, &self.root(), 1500)?;
        // Both are in the image now.
        fs::remove_dir_all(root).unwrap();
        fs::remove_dir_all(unpacked).unwrap();
        Ok(())
    }

    /// Debian's newest kernel, unpacked and not installed; its version.
    fn unpack_kernel(&self, into: &Path) -> Result<String, String> {
        let depends = run(Command::new("apt-cache").args(["depends", "--important", KERNEL]))?;
        let package = depends.split_whitespace().find(|word| word.starts_with("linux-image-") && *word != KERNEL);
        let package = package.ok_or_else(|| format!("{KERNEL} names no kernel: {depends}"))?;
        let deb = self.fresh("deb");
        run(Command::new("apt-get").args(["-q", "download", package]).current_dir(&deb))?;
        let file = fs::read_dir(&deb).unwrap().flatten().next().ok_or("apt-get brought nothing")?.path();
        run(Command::new("dpkg").arg("-x").args([&file, into]))?;
        fs::remove_dir_all(deb).unwrap();
        Ok(package.trim_start_matches("linux-image-").to_owned())
    }

    fn make_ram_disk(&self, root: &Path, modules: &Path) {
        let mut archive = Cpio::default();
        for folder in ["bin", "dev", "modules", "root"] {
            archive.folder(folder);
        }
        archive.file(
            "bin/busybox",
            &fs::read(root.join("usr/bin/busybox")).or_else(|_| fs::read(root.join("bin/busybox"))).unwrap(),
        );
        for (n, module) in MODULES.iter().enumerate() {
            archive.file(&format!("modules/{n}.ko"), &fs::read(modules.join(format!("{module}.ko"))).unwrap());
        }
        archive.file("init", RAM_DISK_INIT.as_bytes());
        archive.write(&self.ram_disk());
    }

    /// The disk with the binaries under test and the guest's first process.
    pub(crate) fn add_binaries(&self, init: &str) -> Result<(), String> {
        let folder = self.fresh("vm.new");
        let hactl = std::env::var_os("HACTL_BINARY").map(PathBuf::from).filter(|path| path.exists());
        let hactl = hactl.unwrap_or_else(|| env!("CARGO_BIN_EXE_hactl").into());
        for (from, name) in [(hactl, "hactl"), (std::env::current_exe().unwrap(), "tests")] {
            let to = folder.join(name);
            // Without debugging information they are a tenth of the size.
            if run(Command::new("strip").arg("-o").args([&to, &from])).is_err() {
                fs::copy(&from, &to).unwrap();
            }
        }
        let path = folder.join("init");
        fs::write(&path, init).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        make_disk(&folder, &self.binaries(), 300)
    }

    fn fresh(&self, name: &str) -> PathBuf {
        let folder = self.folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        folder
    }
}

/// An ext4 image with a folder's content.
fn make_disk(folder: &Path, image: &Path, mebibytes: usize) -> Result<(), String> {
    let _ = fs::remove_file(image);
    let tool = which::which("mke2fs").unwrap_or_else(|_| "/usr/sbin/mke2fs".into());
    let size = format!("{mebibytes}m");
    run(Command::new(tool)
        .args(["-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-d"])
        .args([folder, image])
        .arg(size))
    .map(drop)
}

/// This machine's own release and package sources: they are known to be reachable.
fn release() -> Result<(String, PathBuf), String> {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let name = name.ok_or("/etc/os-release names no release")?.trim_matches('"').to_owned();
    let known = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"].map(PathBuf::from);
    let found = known.into_iter().find(|path| fs::metadata(path).is_ok_and(|meta| meta.len() > 0));
    Ok((name, found.ok_or("no package sources of Debian here")?))
}

fn run(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}
