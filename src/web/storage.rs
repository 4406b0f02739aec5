//! What is kept in the browser between sessions: edits in IndexedDB (one transaction a change, so
//! that a crash leaves the last complete state), pyramids in the origin's private file system.

use idb::{Database, DatabaseEvent, Factory, ObjectStoreParams, TransactionMode};
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions, FileSystemGetFileOptions, FileSystemSyncAccessHandle,
};

use super::message::bytes_of;
use crate::engine::protocol::{RecentStudy, TextOptions as OpenOptions, UNREADABLE};

const DATABASE: &str = "myoscope";
const VERSION: u32 = 1;
const EDITS: &str = "edits";
const STUDIES: &str = "studies";
const FOLDER: &str = "pyramids";
/// Pyramids kept; the oldest go first.
const MAX_PYRAMIDS: u32 = 64;

async fn database() -> Result<Database, String> {
    let words = |error: idb::Error| format!("the browser's storage is not available ({error})");
    let mut request = Factory::new().and_then(|factory| factory.open(DATABASE, Some(VERSION))).map_err(words)?;
    request.on_upgrade_needed(|event| {
        let Ok(database) = event.database() else { return };
        for store in [EDITS, STUDIES] {
            if !database.store_names().iter().any(|name| name == store) {
                let _ = database.create_object_store(store, ObjectStoreParams::new());
            }
        }
    });
    request.await.map_err(words)
}

/// The edits kept under a key.
///
/// # Errors
/// A sentence when the storage fails.
pub async fn load_edits(key: &str) -> Result<Option<Vec<u8>>, String> {
    let words = |error: idb::Error| format!("kept edits could not be read ({error})");
    let database = database().await?;
    let transaction = database.transaction(&[EDITS], TransactionMode::ReadOnly).map_err(words)?;
    let store = transaction.object_store(EDITS).map_err(words)?;
    let value = store.get(JsValue::from_str(key)).map_err(words)?.await.map_err(words)?;
    database.close();
    Ok(value.and_then(|value| value.as_string()).map(String::into_bytes))
}

/// Keeps edits under a key.
///
/// # Errors
/// A sentence when the storage fails (full, or refused in private browsing).
pub async fn keep_edits(key: &str, json: &[u8]) -> Result<(), String> {
    let words = |error: idb::Error| format!("the edit could not be stored in this browser ({error})");
    let database = database().await?;
    let transaction = database.transaction(&[EDITS], TransactionMode::ReadWrite).map_err(words)?;
    let store = transaction.object_store(EDITS).map_err(words)?;
    let text = String::from_utf8_lossy(json);
    store.put(&JsValue::from_str(&text), Some(&JsValue::from_str(key))).map_err(words)?.await.map_err(words)?;
    transaction.commit().map_err(words)?.await.map_err(words)?;
    database.close();
    Ok(())
}

/// Files larger than this together are not kept, bytes; their edits are.
const KEEP_FILES: f64 = 64e6;
/// Studies kept with their files; of older ones only the entry and the edits stay.
const MAX_WITH_FILES: usize = 24;

/// Remembers that a study was opened, and its files when they are small.
///
/// # Errors
/// A sentence when the storage fails.
pub async fn keep_study(mut entry: RecentStudy, files: &[web_sys::File]) -> Result<(), String> {
    entry.size = files.iter().map(|file| file.size()).sum();
    entry.with_files = !files.is_empty() && entry.size <= KEEP_FILES;
    let older = recent().await?.into_iter().filter(|other| other.with_files && other.key != entry.key).skip(MAX_WITH_FILES - 1);
    let words = |error: idb::Error| format!("the study could not be kept in this browser ({error})");
    let database = database().await?;
    let transaction = database.transaction(&[STUDIES], TransactionMode::ReadWrite).map_err(words)?;
    let store = transaction.object_store(STUDIES).map_err(words)?;
    let put = |entry: &RecentStudy, files: &[web_sys::File]| -> Result<_, String> {
        let record = Object::new();
        let json = serde_json::to_string(entry).map_err(|error| error.to_string())?;
        let kept: Array = files.iter().collect();
        let set = Reflect::set(&record, &"entry".into(), &json.into()).and_then(|_| Reflect::set(&record, &"files".into(), &kept));
        set.map_err(|_| "a record could not be made".to_owned())?;
        store.put(&record, Some(&JsValue::from_str(&entry.key))).map_err(words)
    };
    put(&entry, if entry.with_files { files } else { &[] })?.await.map_err(words)?;
    for mut old in older {
        old.with_files = false;
        put(&old, &[])?.await.map_err(words)?;
    }
    transaction.commit().map_err(words)?.await.map_err(words)?;
    database.close();
    Ok(())
}

/// Lists a study whose file lies elsewhere.
///
/// # Errors
/// A sentence when the storage fails.
pub async fn keep_entry(entry: &RecentStudy) -> Result<(), String> {
    let words = |error: idb::Error| format!("the study could not be listed in this browser ({error})");
    let database = database().await?;
    let transaction = database.transaction(&[STUDIES], TransactionMode::ReadWrite).map_err(words)?;
    let store = transaction.object_store(STUDIES).map_err(words)?;
    let record = Object::new();
    let json = serde_json::to_string(entry).map_err(|error| error.to_string())?;
    Reflect::set(&record, &"entry".into(), &json.into()).map_err(|_| "a record could not be made".to_owned())?;
    store.put(&record, Some(&JsValue::from_str(&entry.key))).map_err(words)?.await.map_err(words)?;
    transaction.commit().map_err(words)?.await.map_err(words)?;
    database.close();
    Ok(())
}

fn entry_of(record: &JsValue) -> Option<RecentStudy> {
    serde_json::from_str(&Reflect::get(record, &"entry".into()).ok()?.as_string()?).ok()
}

/// Studies kept, latest first.
///
/// # Errors
/// A sentence when the storage fails.
pub async fn recent() -> Result<Vec<RecentStudy>, String> {
    let words = |error: idb::Error| format!("the list of studies could not be read ({error})");
    let database = database().await?;
    let transaction = database.transaction(&[STUDIES], TransactionMode::ReadOnly).map_err(words)?;
    let store = transaction.object_store(STUDIES).map_err(words)?;
    let records = store.get_all(None, None).map_err(words)?.await.map_err(words)?;
    database.close();
    let mut list: Vec<RecentStudy> = records.iter().filter_map(entry_of).collect();
    list.sort_by(|a, b| b.opened_ms.total_cmp(&a.opened_ms));
    Ok(list)
}

/// The kept files of a study, and how they were opened; no files when they are not kept.
///
/// # Errors
/// A sentence when the storage fails.
pub async fn study_files(key: &str) -> Result<(Vec<web_sys::File>, OpenOptions), String> {
    let words = |error: idb::Error| format!("the kept files could not be read ({error})");
    let database = database().await?;
    let transaction = database.transaction(&[STUDIES], TransactionMode::ReadOnly).map_err(words)?;
    let store = transaction.object_store(STUDIES).map_err(words)?;
    let record = store.get(JsValue::from_str(key)).map_err(words)?.await.map_err(words)?;
    database.close();
    let Some(record) = record else { return Ok(Default::default()) };
    let files = Reflect::get(&record, &"files".into()).map(|files| Array::from(&files)).unwrap_or_default();
    let options = entry_of(&record).map(|entry| entry.options).unwrap_or_default();
    Ok((files.iter().filter_map(|file| file.dyn_into().ok()).collect(), options))
}

/// Forgets a study: entry, files, edits and pyramids.
///
/// # Errors
/// A sentence when the storage fails.
pub async fn forget(key: &str) -> Result<(), String> {
    let words = |error: idb::Error| format!("the study could not be removed ({error})");
    let database = database().await?;
    let transaction = database.transaction(&[STUDIES, EDITS], TransactionMode::ReadWrite).map_err(words)?;
    for name in [STUDIES, EDITS] {
        let store = transaction.object_store(name).map_err(words)?;
        for key in [key, &format!("{key}{UNREADABLE}")] {
            store.delete(JsValue::from_str(key)).map_err(words)?.await.map_err(words)?;
        }
    }
    transaction.commit().map_err(words)?.await.map_err(words)?;
    database.close();
    if let Ok(folder) = folder(FOLDER).await {
        // There may be none.
        let _ = JsFuture::from(folder.remove_entry(key)).await;
    }
    Ok(())
}

/// A folder of the origin's private file system.
///
/// # Errors
/// What the browser said, or that there is none.
pub async fn folder(name: &str) -> Result<FileSystemDirectoryHandle, JsValue> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into())?.unchecked_into::<web_sys::WorkerNavigator>();
    // A page opened from the disk has no storage of its own.
    if !Reflect::get(&navigator, &"storage".into())?.is_object() {
        return Err("this page has no storage".into());
    }
    let root: FileSystemDirectoryHandle = JsFuture::from(navigator.storage().get_directory()).await?.unchecked_into();
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    Ok(JsFuture::from(root.get_directory_handle_with_options(name, &options)).await?.unchecked_into())
}

/// The pyramids kept under a key; `None` when there are none or they cannot be read: they can be
/// built again.
pub async fn load_pyramid(key: &str) -> Option<Vec<u8>> {
    let folder = folder(FOLDER).await.ok()?;
    let handle: FileSystemFileHandle = JsFuture::from(folder.get_file_handle(key)).await.ok()?.unchecked_into();
    let file: web_sys::File = JsFuture::from(handle.get_file()).await.ok()?.unchecked_into();
    let buffer = JsFuture::from(file.array_buffer()).await.ok()?;
    Some(bytes_of(buffer.unchecked_ref()))
}

/// Keeps pyramids under a key. A failure costs time at the next opening, nothing else.
///
/// # Errors
/// What the browser said.
pub async fn keep_pyramid(key: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let folder = folder(FOLDER).await?;
    make_room(&folder).await?;
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let handle: FileSystemFileHandle = JsFuture::from(folder.get_file_handle_with_options(key, &options)).await?.unchecked_into();
    let access: FileSystemSyncAccessHandle = JsFuture::from(handle.create_sync_access_handle()).await?.unchecked_into();
    let written = access.truncate_with_u32(0).and_then(|()| access.write_with_u8_array(bytes));
    let flushed = access.flush();
    access.close();
    let complete = written? as usize == bytes.len();
    flushed?;
    if complete { Ok(()) } else { Err("only a part could be written".into()) }
}

/// Removes kept pyramids when there are many.
async fn make_room(folder: &FileSystemDirectoryHandle) -> Result<(), JsValue> {
    let names = folder.keys();
    let mut list = Vec::new();
    loop {
        let next = JsFuture::from(names.next()?).await?;
        if Reflect::get(&next, &"done".into())?.is_truthy() {
            break;
        }
        list.extend(Reflect::get(&next, &"value".into())?.as_string());
    }
    if list.len() as u32 >= MAX_PYRAMIDS {
        // Names are hashes, so any order is as good as another.
        for name in list.iter().take(list.len() / 4) {
            JsFuture::from(folder.remove_entry(name)).await?;
        }
    }
    Ok(())
}
