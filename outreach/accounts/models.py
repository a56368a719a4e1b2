"""Users, workspaces, who belongs to which, and the keys of their programs."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from outreach.accounts.keys import Scope
from outreach.accounts.roles import Role


class UserManager(BaseUserManager["User"]):
    """Create users by e-mail address; there are no user names."""

    def create_user(self, email: str, password: str | None = None, *, name: str = "") -> User:
        """Store a user; the address is trimmed and lower-cased. Raises IntegrityError when it is taken."""
        user = self.model(email=email.strip().lower(), name=name)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person who signs in."""

    email = models.EmailField(max_length=254)  # always in lower case: one person, one account
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "accounts_user"
        constraints = [
            models.UniqueConstraint(fields=["email"], name="accounts_one_user_per_email"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="accounts_email_in_lower_case"),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class Workspace(models.Model):
    """A team's separate world: every row of every room belongs to exactly one."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    # A valid physical postal address must stand in each commercial message (CAN-SPAM 15 USC 7704(a)(5)).
    postal_address = models.CharField(max_length=300, blank=True)
    # 1 in real life. A sandbox workspace divides every pacing duration by it, so that a month passes in minutes.
    time_scale = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "accounts_workspace"
        constraints = [
            models.CheckConstraint(condition=models.Q(time_scale__gte=1), name="accounts_time_scale_from_1"),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One person's role in one workspace."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=[(role.value, role.value) for role in Role])
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "accounts_membership"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="accounts_one_membership"),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="accounts_known_role"
            ),
        ]


class ApiKey(models.Model):
    """With what a program comes in: for one workspace, as the person who made it and never as more."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    created_by = models.ForeignKey(User, on_delete=models.CASCADE)  # whose membership it stands and falls with
    name = models.CharField(max_length=80)
    public = models.CharField(max_length=12)  # of the key; all that is shown of it later
    digest = models.CharField(max_length=64)  # SHA-256 of the whole key
    scopes = ArrayField(models.CharField(max_length=24))
    role = models.CharField(max_length=10, choices=[(role.value, role.value) for role in Role])  # at most
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)  # null = never
    last_used_at = models.DateTimeField(null=True)  # to the minute
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "accounts_api_key"
        constraints = [
            models.UniqueConstraint(fields=["public"], name="accounts_one_key_per_public_part"),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="accounts_known_role_of_a_key"
            ),
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=[scope.value for scope in Scope]), name="accounts_known_scopes"
            ),
        ]


class KeptAnswer(models.Model):
    """What a POST with an Idempotency-Key was answered, for whoever asks the same again within a day."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    key = models.CharField(max_length=255, db_collation="C")
    fingerprint = models.CharField(max_length=64)  # of method, path and body: the same key with another one is refused
    status = models.PositiveSmallIntegerField()
    content_type = models.CharField(max_length=100)
    location = models.CharField(max_length=500, blank=True)
    body = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "accounts_kept_answer"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "key"], name="accounts_one_answer_per_key"),
        ]
        indexes = [
            # forget_answers: the oldest first
            models.Index(fields=["created_at"], name="accounts_answers_by_age"),
        ]
