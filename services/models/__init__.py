"""The model store: pinned files, fetched from wherever they can be had, and trusted for their sha256 alone.

A user's machine has the model hub; an air-gapped site has a package mirror; a call may have neither. So the lock file
gives for each file its sha256 and an ordered list of sources; the store pulls, resumes, verifies and tells the path.

    lock.py      what the lock file says, typed                 store.py   the folder: paths, states, verify, pull
    hub.py       a file from the model hub (HTTP)               pull.py    one pull: files × sources, in threads
    pypi.py      a file from members of PyPI distributions      partial.py a file on its way: hashed as it is written
    stamps.py    which files were hashed and found right        progress.py what a pull tells its caller
"""

from services.models.lock import Lock, load_lock
from services.models.progress import Progress, Silent
from services.models.store import Damage, ModelStore, State, default_folder

__all__ = ["Damage", "Lock", "ModelStore", "Progress", "Silent", "State", "default_folder", "load_lock"]
