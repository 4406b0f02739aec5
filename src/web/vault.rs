//! Where raw logs are written as they grow: files of the origin's private file system.
//!
//! A log is appended through a synchronous handle, which holds the file alone; one that no handle
//! holds and no list names was cut off.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetFileOptions, FileSystemReadWriteOptions, FileSystemSyncAccessHandle,
};

use super::storage;
use crate::engine::live::Spill;
use crate::engine::protocol::LiveStorage;

const FOLDER: &str = "live";
/// Ending of raw logs.
pub const ENDING: &str = ".myoraw";

/// What was appended to a raw log is made sure to be on the disk so often, ms.
const FLUSH_MS: f64 = 400.0;
/// Entries wait in memory for room on the disk up to so many bytes.
const MAX_WAITING: usize = 512 << 20;
/// Room is looked for so often, ms.
const RETRY_MS: f64 = 2000.0;

/// A file that is appended to and read again.
pub struct Growing {
    handle: FileSystemSyncAccessHandle,
    at: f64,
}

impl Growing {
    /// Makes a file; an older one of this name is emptied.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub async fn create(name: &str) -> Result<Self, String> {
        let handle = Self::handle(name, true).await.map_err(|_| "this browser gives the page no file to write to".to_owned())?;
        handle.truncate_with_u32(0).map_err(|_| "the file cannot be written".to_owned())?;
        Ok(Self { handle, at: 0.0 })
    }

    async fn handle(name: &str, create: bool) -> Result<FileSystemSyncAccessHandle, JsValue> {
        let folder = storage::folder(FOLDER).await?;
        let options = FileSystemGetFileOptions::new();
        options.set_create(create);
        let file: FileSystemFileHandle = JsFuture::from(folder.get_file_handle_with_options(name, &options)).await?.unchecked_into();
        Ok(JsFuture::from(file.create_sync_access_handle()).await?.unchecked_into())
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// Why not, in words: mostly a full disk.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), String> {
        let options = FileSystemReadWriteOptions::new();
        options.set_at(self.at);
        let written = self.handle.write_with_u8_array_and_options(bytes, &options).map_err(|error| full(&error))?;
        if written as usize != bytes.len() {
            return Err("the disk is full".into());
        }
        self.at += written;
        Ok(())
    }

    /// Makes sure that what was appended is on the disk.
    pub fn flush(&self) {
        let _ = self.handle.flush();
    }

    /// Lets the file go.
    pub fn close(&self) {
        let _ = self.handle.flush();
        self.handle.close();
    }
}

/// The raw log of a recording that runs. What a full disk does not take waits until there is room.
pub struct RawLog {
    file: Option<Growing>,
    waiting: Vec<u8>,
    storage: LiveStorage,
    bytes: u64,
    flushed_ms: f64,
    tried_ms: f64,
}

impl RawLog {
    /// Makes the file of a recording with this key; without one, [`RawLog::state`] says why.
    pub async fn create(key: &str) -> Self {
        let file = Growing::create(&format!("{key}{ENDING}")).await;
        let storage = file.as_ref().err().map(|what| LiveStorage::Memory(what.clone())).unwrap_or_default();
        Self { file: file.ok(), waiting: Vec::new(), storage, bytes: 0, flushed_ms: 0.0, tried_ms: 0.0 }
    }

    /// Appends entries at `now_ms`; `last` ones are tried at once whatever waits.
    pub fn add(&mut self, entries: &[u8], now_ms: f64, last: bool) {
        self.bytes += entries.len() as u64;
        let Some(file) = self.file.as_mut() else { return };
        let waited = !self.waiting.is_empty();
        if waited {
            self.waiting.extend_from_slice(entries);
            if self.waiting.len() > MAX_WAITING {
                // The samples are with the engine all the same, and can be exported there.
                (self.waiting, self.file) = (Vec::new(), None);
                return;
            }
            if now_ms - self.tried_ms < RETRY_MS && !last {
                return;
            }
        }
        match file.add(if waited { &self.waiting } else { entries }) {
            Ok(()) => {
                if waited {
                    (self.waiting, self.storage) = (Vec::new(), LiveStorage::Disk);
                }
                if now_ms - self.flushed_ms >= FLUSH_MS {
                    self.flushed_ms = now_ms;
                    file.flush();
                }
            }
            Err(what) => {
                if !waited {
                    self.waiting.extend_from_slice(entries);
                }
                (self.tried_ms, self.storage) = (now_ms, LiveStorage::Memory(what));
            }
        }
    }

    /// Where it is, and how many bytes it has.
    pub fn state(&self) -> (LiveStorage, u64) {
        (self.storage.clone(), self.bytes)
    }

    /// Lets the file go; whether it has everything.
    pub fn close(&mut self) -> bool {
        self.file = None;
        self.storage == LiveStorage::Disk
    }
}

impl Spill for Growing {
    fn append(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.add(bytes)
    }

    fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), String> {
        let options = FileSystemReadWriteOptions::new();
        options.set_at(offset as f64);
        match self.handle.read_with_u8_array_and_options(buf, &options) {
            Ok(read) if read as usize == buf.len() => Ok(()),
            Ok(_) => Err("the file is shorter than what was written".into()),
            Err(_) => Err("the file could not be read".into()),
        }
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        self.close();
    }
}

fn full(error: &JsValue) -> String {
    let name = Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default();
    if name == "QuotaExceededError" { "the disk is full".into() } else { format!("the file could not be written ({name})") }
}

/// The raw log kept under a key.
pub async fn file(key: &str) -> Option<web_sys::File> {
    let folder = storage::folder(FOLDER).await.ok()?;
    let handle: FileSystemFileHandle = JsFuture::from(folder.get_file_handle(&format!("{key}{ENDING}"))).await.ok()?.unchecked_into();
    JsFuture::from(handle.get_file()).await.ok()?.dyn_into().ok()
}

/// Removes a raw log.
pub async fn remove(key: &str) {
    if let Ok(folder) = storage::folder(FOLDER).await {
        // There may be none.
        let _ = JsFuture::from(folder.remove_entry(&format!("{key}{ENDING}"))).await;
    }
}

/// Keys of the raw logs that nobody writes now.
pub async fn keys() -> Vec<String> {
    let Ok(folder) = storage::folder(FOLDER).await else { return Vec::new() };
    let mut found = Vec::new();
    for name in names(&folder).await.unwrap_or_default() {
        let Some(key) = name.strip_suffix(ENDING) else {
            // Pages of a recording that no longer runs: the log has everything.
            if Growing::handle(&name, false).await.map(|handle| handle.close()).is_ok() {
                let _ = JsFuture::from(folder.remove_entry(&name)).await;
            }
            continue;
        };
        // The one who writes it holds it alone.
        if let Ok(handle) = Growing::handle(&name, false).await {
            handle.close();
            found.push(key.to_owned());
        }
    }
    found
}

async fn names(folder: &FileSystemDirectoryHandle) -> Result<Vec<String>, JsValue> {
    let iterator = folder.keys();
    let mut list = Vec::new();
    loop {
        let next = JsFuture::from(iterator.next()?).await?;
        if Reflect::get(&next, &"done".into())?.is_truthy() {
            return Ok(list);
        }
        list.extend(Reflect::get(&next, &"value".into())?.as_string());
    }
}
