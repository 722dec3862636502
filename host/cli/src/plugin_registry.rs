//! `forebay plugin push` and `forebay plugin pull`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use forebay_metrics::Metrics;
use forebay_plugins_registry::{Client, Credentials, Described, Pulled, Reference};
use forebay_plugins_runtime::{Digest, Locked, PluginFile, PluginLock, Plugins, Settings};

use crate::args::{Login, Pull, Push};
use crate::plugins::default_cache;

/// Pushes a file that is a plugin, and prints where it lies and how it is pinned.
pub(crate) async fn push(Push { file, reference, login }: Push) -> anyhow::Result<ExitCode> {
    let bytes = std::fs::read(&file).with_context(|| format!("read {}", file.display()))?;
    let (name, plugins) = described(&file, bytes.clone()).await?;
    let (imports, exports) = plugins.interfaces(&name.parse()?).unwrap_or_default();
    let described = Described { imports, exports, title: Some(name.clone()), version: None };
    let mut client = client(&reference, &login)?;
    let pushed = client.push(&reference, bytes.into(), &described).await?;
    println!("{name} {}", pushed.digest);
    println!("{}", pushed.reference);
    Ok(ExitCode::SUCCESS)
}

/// Pulls a plugin into a folder, or all that its lock names.
pub(crate) async fn pull(Pull { reference, plugin_dir, login }: Pull) -> anyhow::Result<ExitCode> {
    let folder = plugin_dir.as_path();
    std::fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    let lock = read_lock(folder)?;
    if let Some(reference) = reference {
        let pulled = client(&reference, &login)?.pull(&reference).await?;
        let name = place(folder, lock, pulled).await?;
        println!("{}", folder.join(format!("{name}.wasm")).display());
        return Ok(ExitCode::SUCCESS);
    }
    if lock.plugins().is_empty() {
        bail!(
            "{} names no plugin: give a reference",
            folder.join(forebay_plugins_runtime::LOCK_FILE).display()
        );
    }
    for locked in lock.plugins() {
        let file = folder.join(format!("{}.wasm", locked.name));
        if std::fs::read(&file).is_ok_and(|bytes| Digest::of(&bytes).to_string() == locked.digest) {
            continue;
        }
        let reference: Reference = locked.reference.parse()?;
        let pulled = client(&reference, &login)?.pull(&reference).await?;
        if pulled.digest.to_string() != locked.digest {
            let (found, expected) = (&pulled.digest, &locked.digest);
            bail!(
                "{reference} is {found}, plugins.lock says {expected}: pull it by its reference to change that"
            );
        }
        write(&file, &pulled.bytes)?;
        println!("{}", file.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts what was pulled into the folder, when it is a plugin, and notes it in the lock. The lock comes first:
/// a process that watches the folder then never finds a file that the lock forbids.
async fn place(folder: &Path, mut lock: PluginLock, pulled: Pulled) -> anyhow::Result<String> {
    let Pulled { bytes, digest, reference } = pulled;
    let (name, _) = described(Path::new(&reference.to_string()), bytes.to_vec()).await?;
    lock.set(Locked { name: name.parse()?, reference: reference.to_string(), digest: digest.to_string() });
    lock.write(folder).with_context(|| format!("write the lock in {}", folder.display()))?;
    write(&folder.join(format!("{name}.wasm")), &bytes)?;
    Ok(name)
}

/// Loads a file, to see that it is a plugin; its name.
async fn described(file: &Path, bytes: Vec<u8>) -> anyhow::Result<(String, Plugins)> {
    let file = PluginFile { path: file.to_owned(), bytes };
    let settings = Settings { cache: default_cache(), ..Settings::default() };
    let (plugins, errors) = Plugins::load(&[], &[file], settings, Arc::new(Metrics::default())).await?;
    if let Some(error) = errors.into_iter().next() {
        return Err(error.into());
    }
    let name = plugins.infos().first().map(|info| info.name.to_string());
    Ok((name.context("a plugin that is loaded has a name")?, plugins))
}

/// Writes a file as a whole: whoever watches the folder sees the old or the new one.
fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let temporary = file.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&temporary, bytes)
        .and_then(|()| std::fs::rename(&temporary, file))
        .with_context(|| format!("write {}", file.display()))
}

fn read_lock(folder: &Path) -> anyhow::Result<PluginLock> {
    let file = folder.join(forebay_plugins_runtime::LOCK_FILE);
    PluginLock::read(folder).with_context(|| format!("read {}", file.display()))
}

fn client(reference: &Reference, login: &Login) -> anyhow::Result<Client> {
    Ok(Client::new(reference, credentials(reference.registry(), login)?)?)
}

/// Who asks: the name of the flags, or what docker has for the registry.
fn credentials(registry: &str, Login { username }: &Login) -> anyhow::Result<Credentials> {
    if let Some(username) = username {
        let password = std::env::var("FOREBAY_REGISTRY_PASSWORD").ok();
        let password =
            password.context("FOREBAY_REGISTRY_PASSWORD is not set, it is the password of the registry")?;
        return Ok(Credentials::Basic { username: username.clone(), password });
    }
    let Some(file) = docker_config() else { return Ok(Credentials::Anonymous) };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Credentials::Anonymous),
        Err(error) => return Err(error).with_context(|| format!("read {}", file.display())),
    };
    Credentials::from_docker_config(&text, registry).with_context(|| format!("read {}", file.display()))
}

/// `$DOCKER_CONFIG/config.json`, or `~/.docker/config.json`.
fn docker_config() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = folder("DOCKER_CONFIG").or_else(|| Some(folder("HOME")?.join(".docker")))?;
    Some(folder.join("config.json"))
}
