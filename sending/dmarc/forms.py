"""The form that takes reports in, several at a time."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from sending.dmarc.reading.packages import PACKED_LIMIT_BYTES

MOST_FILES = 50


class _Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    widget = _Files

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the files as a list."""
        given = data if isinstance(data, list | tuple) else [data]
        return [super(_FilesField, self).clean(one, initial) for one in given or [None]]


class ReportsForm(forms.Form):
    """The files of one upload; what is in them is judged one by one."""

    reports = _FilesField(label="Files", error_messages={"required": "Choose a file.", "empty": "A file is empty."})

    def clean_reports(self) -> list[UploadedFile[Any]]:
        files: list[UploadedFile[Any]] = self.cleaned_data["reports"]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(f"At most {MOST_FILES} files at once.")
        for one in files:
            if (one.size or 0) > PACKED_LIMIT_BYTES:
                raise forms.ValidationError(f"{one.name} is larger than {PACKED_LIMIT_BYTES // 1_000_000} MB.")
        return files
