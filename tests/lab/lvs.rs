//! LVS as far as this machine's kernel goes: it has no IPVS, so everything but the balancing. `tests/vm` has that.

use std::path::PathBuf;

use super::hosts::{Lab, SUBNET, expect};

const DR: &str = include_str!("../../inventories/lvs-dr.yaml");
const DR_TWO: &str = include_str!("../../inventories/lvs-dr-two.yaml");
/// Goes on without IPVS.
const WITHOUT: &str = "roles: { lvs-director: { require_ipvs: no } }\n";

pub(crate) fn a_kernel_without_ipvs_is_refused(lab: &Lab) {
    let refused = write(lab, "lvs-refused.yaml", DR, "");
    let why = expect("a kernel without IPVS", &lab.desk(&refused, &["deploy", "-y", "--accept-new-host-keys"]), 4);
    assert!(
        why.contains("lb-5: the kernel's IPVS (module ip_vs) is missing")
            && why.contains("nothing was changed")
            && why.contains("linux-image-amd64")
            && why.contains("kernel-modules-core"),
        "{why}"
    );
}

pub(crate) fn four_hosts(lab: &Lab) {
    let four = &four(lab);
    expect("LVS-DR", &lab.desk(four, &["deploy", "-y"]), 0);
    assert_eq!(quiet(lab, "web-7"), format!("{SUBNET}.3/32 1 2"));
    assert_eq!(lab.sh("lb-5", "ls /etc/nginx/conf.d"), "", "nginx's part in it is over");
    let said = expect("verify without IPVS", &lab.desk(four, &["verify"]), 0);
    assert!(
        said.contains("service not asked (no director's kernel has IPVS)") && !said.contains("service answers"),
        "{said}"
    );
}

pub(crate) fn mistakes_of_direct_routing(lab: &Lab) {
    let four = &four(lab);
    lab.sh("web-8", "echo 0 > /proc/sys/net/ipv4/conf/all/arp_ignore; ip addr del $(ip -o addr show dev lo | awk '/\\/32/{print $4}') dev lo");
    let mistakes = expect("DSR mistakes", &lab.desk(four, &["verify"]), 7);
    assert!(mistakes.contains("web-8: arp_ignore is 0") && mistakes.contains("is not on lo"), "{mistakes}");
    lab.sh("web-8", "systemctl restart hactl-realserver");
    expect("DSR mended", &lab.desk(four, &["verify"]), 0);
}

pub(crate) fn drain_and_weight(lab: &Lab) {
    let four = &four(lab);
    let nobody = expect("drain nobody", &lab.desk(four, &["drain", "web-77"]), 3);
    assert!(nobody.contains("there is web-7, web-8"), "{nobody}");
    expect("drain", &lab.desk(four, &["drain", "web-7"]), 0);
    assert!(lab.sh("lb-6", "hactl agent status").contains(&format!("{SUBNET}.7:80 DR drained")));
    expect("weight", &lab.desk(four, &["weight", "web-8", "37"]), 0);
    expect("undrain", &lab.desk(four, &["undrain", "web-7"]), 0);
    let status = lab.sh("lb-5", "hactl agent status");
    assert!(status.contains("37 by operator") && !status.contains("drained"), "{status}");
    expect("weight, as configured", &lab.desk(four, &["weight", "web-8"]), 0);
    let screen = expect("status", &lab.desk(four, &["status"]), 0);
    assert!(
        screen.contains(&format!("{SUBNET}.3:80 up for")) && screen.contains(&format!("{SUBNET}.8:80 DR up")),
        "{screen}"
    );
}

/// A deploy takes each web host out before it touches it, and leaves alone whom an operator took out.
pub(crate) fn a_deploy_takes_web_hosts_out(lab: &Lab) {
    let four = &four(lab);
    expect("drain", &lab.desk(four, &["drain", "web-8"]), 0);
    let page = write(lab, "lvs-page.yaml", DR, &WITHOUT.replace("{ lvs", "{ web-static: { page: new }, lvs"));
    let rolled = expect("another page", &lab.desk(&page, &["deploy", "-y"]), 0);
    assert!(rolled.contains("web-7: drained") && !rolled.contains("web-8: drained"), "{rolled}");
    let status = lab.sh("lb-6", "hactl agent status");
    let [seven, eight] = ["7", "8"].map(|last| {
        let line = status.lines().find(|line| line.contains(&format!("{SUBNET}.{last}:80 DR"))).unwrap_or_default();
        line.contains(" drained ")
    });
    assert!(!seven && eight, "{status}");
    expect("undrain", &lab.desk(four, &["undrain", "web-8"]), 0);
}

/// Each cluster takes back what the one before left.
pub(crate) fn directors_that_serve_and_back_to_nginx(lab: &Lab) {
    let homework = &lab.homework();
    let two = write(lab, "lvs-dr-two.yaml", DR_TWO, WITHOUT);
    expect("directors that serve", &lab.desk(&two, &["deploy", "-y"]), 0);
    assert_eq!(quiet(lab, "lb-6"), format!("{SUBNET}.3/32 1 2"));
    assert_eq!(lab.page(), "lb5\n", "the owner's own web server");
    expect("failover", &lab.desk(&two, &["failover", "--to", "lb-6"]), 0);
    assert_eq!(lab.page(), "lb6\n");
    expect("failover back", &lab.desk(&two, &["failover", "--to", "lb-5"]), 0);
    let again = expect("deploy, again", &lab.desk(&two, &["deploy", "-y"]), 0);
    assert!(again.contains("nothing changed"), "{again}");

    expect("back to nginx", &lab.desk(homework, &["deploy", "-y"]), 0);
    for host in ["lb-5", "lb-6", "web-7", "web-8"] {
        assert_eq!(quiet(lab, host), " 0 0", "{host}: all taken back");
    }
    assert_eq!(
        lab.sh("lb-5", "ls /etc/systemd/system/hactl-realserver.service /etc/hactl/realserver.sh 2>/dev/null"),
        ""
    );
}

/// The cluster of four hosts.
pub(crate) fn four(lab: &Lab) -> PathBuf {
    write(lab, "lvs-dr.yaml", DR, WITHOUT)
}

/// What stands on `lo`, and the kernel's manners about ARP.
fn quiet(lab: &Lab, host: &str) -> String {
    let line = "ip -o addr show dev lo | awk '/\\/32/{print $4}' | tr -d '\\n'; cd /proc/sys/net/ipv4/conf/all; echo \" $(cat arp_ignore) $(cat arp_announce)\"";
    lab.sh(host, line).trim_end().to_owned()
}

fn write(lab: &Lab, name: &str, example: &str, more: &str) -> PathBuf {
    let path = lab.files.path().join(name);
    std::fs::write(&path, example.replace("10.0.0", &SUBNET) + more).unwrap();
    path
}
