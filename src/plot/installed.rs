//! Fonts that are installed, where desktops have them.

use std::path::{Path, PathBuf};

/// Words in a file's name that are not of the plain face of a family, or not of a face for labels.
const OTHER: [&str; 14] = [
    "bold",
    "italic",
    "oblique",
    "mono",
    "serif",
    "condensed",
    "light",
    "thin",
    "black",
    "medium",
    "emoji",
    "math",
    "symbol",
    "narrow",
];
/// Files that are looked into, and the bytes of the largest.
const MOST: usize = 2000;
const LARGEST: u64 = 64 << 20;
/// Folders below a font folder.
const DEPTH: usize = 5;

/// The folders that the user's and the system's fonts lie in (XDG's data folders, and `~/.fonts`).
pub(super) fn folders() -> Vec<PathBuf> {
    let text = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let home = text("HOME").map(PathBuf::from);
    let own = text("XDG_DATA_HOME").map(PathBuf::from).or_else(|| Some(home.as_ref()?.join(".local/share")));
    let shared = text("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let data = own.into_iter().chain(shared.split(':').map(PathBuf::from));
    data.map(|folder| folder.join("fonts")).chain(home.map(|home| home.join(".fonts"))).collect()
}

/// The bytes of the first font that `fits`, plain faces first.
pub(super) fn find(folders: &[PathBuf], fits: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    let mut fonts = Vec::new();
    folders.iter().for_each(|folder| collect(folder, DEPTH, &mut fonts));
    fonts.sort_by_cached_key(|path| (strangeness(path), path.clone()));
    fonts.into_iter().filter_map(|path| std::fs::read(path).ok()).find(|bytes| fits(bytes))
}

/// The font files in a folder and those below it.
fn collect(folder: &Path, depth: usize, fonts: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let Ok(found) = std::fs::metadata(&path) else { continue };
        let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
        let is_font = ending.is_some_and(|ending| ["ttf", "otf", "ttc", "otc"].iter().any(|known| ending == *known));
        if found.is_dir() && depth > 0 {
            collect(&path, depth - 1, fonts);
        } else if found.is_file() && is_font && found.len() <= LARGEST && fonts.len() < MOST {
            fonts.push(path);
        }
    }
}

/// How far a face is from a plain one without serifs, by the words in its name.
fn strangeness(path: &Path) -> usize {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    // "sansserif" is no serif.
    let name = name.replace("sansserif", "sans").replace("sans-serif", "sans");
    let other = OTHER.iter().filter(|word| name.contains(**word)).count();
    2 * other + usize::from(!name.contains("sans"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_faces_come_first_and_what_is_no_font_does_not_come() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("a/b")).unwrap();
        let files =
            ["Serif.ttf", "a/b/Sans-Bold.ttf", "a/NotoSans-Regular.otf", "a/b/Other.TTC", "notes.txt", "Sans.pfb"];
        for file in files {
            std::fs::write(home.path().join(file), file).unwrap();
        }
        let order = std::cell::RefCell::new(Vec::new());
        let none = find(&[home.path().into(), "/nowhere".into()], |bytes| {
            order.borrow_mut().push(String::from_utf8(bytes.to_vec()).unwrap());
            false
        });
        assert_eq!(none, None);
        assert_eq!(*order.borrow(), ["a/NotoSans-Regular.otf", "a/b/Other.TTC", "a/b/Sans-Bold.ttf", "Serif.ttf"]);
        let found = find(&[home.path().into()], |bytes| bytes.ends_with(b"Bold.ttf"));
        assert_eq!(found.unwrap(), b"a/b/Sans-Bold.ttf");
    }
}
