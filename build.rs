//! Lists what lies in `roles` and `templates`, so that a built-in role costs its own files and nothing else.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let roles = names(&root.join("roles"))?;
    let templates = names(&root.join("templates"))?;
    let roles = roles.iter().map(|name| (name.clone(), format!("roles/{name}/role.yaml")));
    let templates = templates.iter().map(|name| (name.clone(), format!("templates/{name}")));
    let list = |name: &str, about: &str, files: &mut dyn Iterator<Item = (String, String)>| {
        let mut text = format!("/// {about}\npub const {name}: &[(&str, &str)] = &[\n");
        for (name, path) in files {
            // Writing to a String does not fail.
            let _ = writeln!(text, "({name:?}, include_str!({:?})),", root.join(path).display().to_string());
        }
        text + "];\n"
    };
    let text = list("ROLES", "Built-in roles: name and `role.yaml`.", &mut roles.into_iter())
        + &list("TEMPLATES", "Built-in templates: name and text.", &mut templates.into_iter());
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("builtin.rs"), text)?;
    for place in ["build.rs", "roles", "templates"] {
        println!("cargo:rerun-if-changed={place}");
    }
    Ok(())
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.push(entry?.file_name().into_string().map_err(|name| format!("{name:?} in {}", folder.display()))?);
    }
    names.sort();
    Ok(names)
}
