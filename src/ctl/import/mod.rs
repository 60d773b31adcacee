//! `hactl import`: a running pair of keepalived and nginx becomes an inventory. Hosts are only read (`ask`, by
//! `import.sh`); what they say is read by the engine's own parser (`conf`) and a small one for nginx, drafted as an
//! inventory with the place of each line (`draft`, `yaml`), and what no key stands for is kept as it is in a template
//! (`keep`, `template`). Then the inventory is loaded and rendered as a deploy would, and held against what runs
//! (`compare`). Nothing here changes a host.

pub mod ask;
pub mod compare;
pub mod conf;
pub mod draft;
pub mod files;
pub mod keep;
pub mod nginx;
pub mod run;
pub mod scripts;
pub mod template;
pub mod upstream;
pub mod who;
pub mod yaml;
