//! The inventories that `hactl init --example` prints.

/// Ready examples, by name.
pub(crate) const EXAMPLES: [(&str, &str); 9] = [
    ("homework", HOMEWORK),
    ("tls", include_str!("../../inventories/tls.yaml")),
    ("acme", include_str!("../../inventories/acme.yaml")),
    ("tomcat", include_str!("../../inventories/tomcat.yaml")),
    ("two-names", include_str!("../../inventories/two-names.yaml")),
    ("wordpress", include_str!("../../inventories/wordpress.yaml")),
    ("lvs-dr", include_str!("../../inventories/lvs-dr.yaml")),
    ("lvs-dr-two", include_str!("../../inventories/lvs-dr-two.yaml")),
    ("expert", include_str!("../../inventories/expert.yaml")),
];
/// The one that is printed where none is named.
pub(crate) const HOMEWORK: &str = include_str!("../../inventories/homework.yaml");
